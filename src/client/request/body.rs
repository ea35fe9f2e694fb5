//! The body of a request: JSON as it came or put together from named fields, a form, or a multipart form with files.

use super::given::{Given, not_a_text};
use super::query::{encode_pairs, refuse_empty};
use crate::client::arguments::{self, Argument, Members, members};
use crate::error::{Error, Result};
use crate::json::Json;
use crate::operations::{Encoding, Operation, Parameter, Place};
use crate::secret::Secrets;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use reqwest::multipart::{Form, Part as MultipartPart};

/// A body that can be sent as often as need be, without being copied.
pub enum Body {
    None,
    Bytes(Bytes),
    Multipart(Vec<Part>),
}

pub struct Part {
    name: &'static str,
    content: Bytes,
    is_file: bool,
}

impl Body {
    /// The whole of it; nothing of a multipart form, which only reqwest writes.
    pub fn whole(&self) -> Bytes {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::None | Self::Multipart(_) => Bytes::new(),
        }
    }

    /// The multipart form, where it is one.
    pub fn form(&self) -> Option<Form> {
        let Self::Multipart(parts) = self else { return None };
        Some(parts.iter().fold(Form::new(), |form, part| {
            let content = MultipartPart::stream_with_length(part.content.clone(), part.content.len() as u64);
            form.part(part.name, if part.is_file { content.file_name(part.name) } else { content })
        }))
    }
}

/// The members of `body`, where they are needed one by one.
pub fn body_members(given: Given<'_>) -> Result<Option<Members>> {
    let Some(body) = given.arguments.body.as_ref().filter(|body| body.get() != "null") else { return Ok(None) };
    let apart = given.operation.encoding != Encoding::Json
        || given.operation.each_parameter().any(|parameter| match parameter.place {
            Place::Header(_) => true,
            Place::Field => {
                parameter.not_empty || parameter.wire != parameter.name || given.arguments.get(parameter.name).is_some()
            }
            _ => false,
        });
    if apart { members("body", body.get()).map(Some) } else { Ok(None) }
}

/// The body of an operation; `members` are those of [`body_members`].
pub fn body(given: Given<'_>, members: Option<Members>, secrets: &mut Secrets) -> Result<Body> {
    match given.operation.encoding {
        Encoding::None => Ok(Body::None),
        Encoding::Json => {
            let json = Bytes::from(json_body(given, members)?);
            note_secrets(given.operation, &json, secrets);
            Ok(Body::Bytes(json))
        }
        Encoding::Form => {
            let mut pairs = Vec::new();
            for parameter in fields(given.operation) {
                if let Some(text) = field_text(given, parameter, members.as_ref())? {
                    if parameter.secret {
                        secrets.add(text.as_str());
                    }
                    pairs.push((parameter.wire, text));
                }
            }
            let form = encode_pairs(pairs.iter().map(|(key, value)| (*key, value.as_str())));
            Ok(Body::Bytes(form.into_bytes().into()))
        }
        Encoding::Multipart => {
            let mut parts = Vec::new();
            for parameter in fields(given.operation) {
                let is_file = parameter.place == Place::File;
                let content = if is_file {
                    file_content(given, parameter, members.as_ref())?
                } else {
                    field_text(given, parameter, members.as_ref())?.map(|text| text.into_bytes().into())
                };
                if let Some(content) = content {
                    if parameter.secret {
                        secrets.add(String::from_utf8_lossy(&content));
                    }
                    parts.push(Part { name: parameter.wire, content, is_file });
                }
            }
            Ok(Body::Multipart(parts))
        }
    }
}

fn fields(operation: &Operation) -> impl Iterator<Item = &'static Parameter> {
    let of_body = |parameter: &&Parameter| matches!(parameter.place, Place::Field | Place::File);
    operation.each_parameter().filter(of_body)
}

/// What of a body may not be shown, by whatever way it was given.
fn note_secrets(operation: &Operation, json: &Bytes, secrets: &mut Secrets) {
    let secret = || operation.each_parameter().filter(|parameter| parameter.secret);
    let fields = || secret().filter(|parameter| parameter.place == Place::Field);
    if secret().any(|parameter| parameter.place == Place::Document) {
        secrets.add_all(json.clone());
    } else if fields().count() > 0 {
        let names = fields().flat_map(|parameter| [parameter.wire, parameter.name]).collect();
        secrets.add_members(json.clone(), names);
    }
}

fn json_body(given: Given<'_>, members: Option<Members>) -> Result<Vec<u8>> {
    let Given { operation, arguments } = given;
    if let Some(parameter) = given.parameters(Place::Document).next() {
        // A document may be given by its name or as `body`.
        let named = arguments.get(parameter.name).map(Argument::to_json);
        let json = named.or_else(|| arguments.body.as_ref().map(|body| body.get().to_owned()));
        let json = json.ok_or_else(|| {
            let (name, doc) = (operation.name, parameter.doc);
            Error::invalid(format!("argument body: it is missing, but {name} needs it: {doc}"))
        })?;
        return Ok(json.into_bytes());
    }
    let of_field = || given.parameters(Place::Field);
    let has_named_fields = of_field().any(|parameter| arguments.get(parameter.name).is_some());
    let mut object = match (members, &arguments.body) {
        (Some(members), _) => members,
        // Nothing to change: the caller's JSON goes out as it came, however large it is.
        (None, Some(body)) if body.get() != "null" && !has_named_fields => return Ok(body.get().as_bytes().to_vec()),
        (None, Some(body)) if body.get() != "null" => arguments::members("body", body.get())?,
        _ => Members::new(),
    };
    for parameter in of_field() {
        if parameter.wire != parameter.name
            && let Some(value) = object.remove(parameter.name)
        {
            object.insert(parameter.wire.to_owned(), value);
        }
        // Here null is a value: it empties a field.
        if let Some(argument) = arguments.get(parameter.name) {
            let json = serde_json::value::RawValue::from_string(argument.to_json());
            object.insert(parameter.wire.to_owned(), json.map_err(|e| Error::invalid(e.to_string()))?);
        }
        if parameter.not_empty && object.get(parameter.wire).is_some_and(|json| json.get() == "\"\"") {
            refuse_empty(parameter, "")?;
        }
    }
    let none_given = object.is_empty() && arguments.body.is_none();
    if none_given && of_field().any(|parameter| parameter.required) {
        let names = of_field().map(|parameter| parameter.name).collect::<Vec<_>>().join(", ");
        return Err(Error::invalid(format!(
            "argument body: {} needs a JSON object of its fields ({names})",
            operation.name
        )));
    }
    let json = serde_json::to_string(&object).map_err(|e| Error::invalid(format!("argument body: {e}")))?;
    Ok(json.into_bytes())
}

/// A field of a form: by its name, or a member of the body.
fn field(given: Given<'_>, parameter: &Parameter, members: Option<&Members>) -> Option<Argument> {
    let member = || members.and_then(|members| members.get(parameter.name)).cloned().map(Argument::Json);
    given.arguments.get(parameter.name).cloned().or_else(member).filter(|argument| !argument.is_null())
}

fn field_text(given: Given<'_>, parameter: &Parameter, members: Option<&Members>) -> Result<Option<String>> {
    let Some(argument) = field(given, parameter, members) else { return Ok(None) };
    argument.as_text().map(Some).ok_or_else(|| not_a_text(parameter))
}

fn file_content(given: Given<'_>, parameter: &Parameter, members: Option<&Members>) -> Result<Option<Bytes>> {
    let Some(argument) = field(given, parameter, members) else { return Ok(None) };
    let expected = || {
        Error::invalid(format!(
            "argument {}: expected the file's content as a string, or {{\"base64\": \"...\"}}",
            parameter.name
        ))
    };
    if let Some(text) = argument.as_text() {
        return Ok(Some(text.into_bytes().into()));
    }
    let Argument::Json(raw) = &argument else { return Err(expected()) };
    let encoded = Json::of(raw).and_then(|object| Json::of(object.member("base64")?));
    let Some(Json::Text(encoded)) = encoded else { return Err(expected()) };
    BASE64.decode(encoded).map(|content| Some(content.into())).map_err(|_| expected())
}
