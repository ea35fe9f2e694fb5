//! The body of a request: JSON as it came or put together from named fields, a form, or a multipart form with files.

use super::{Builder, encode_pairs};
use crate::client::arguments::{self, Argument, Members, members};
use crate::client::error::{Error, Result};
use crate::client::json::Json;
use crate::operations::{Encoding, Parameter, Place};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use reqwest::multipart::{Form, Part as MultipartPart};

/// A body that can be sent as often as need be, without being copied.
pub(super) enum Body {
    None,
    Bytes(Bytes),
    Multipart(Vec<Part>),
}

pub(super) struct Part {
    name: &'static str,
    content: Bytes,
    is_file: bool,
}

impl Body {
    pub(super) fn put_into(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Self::None => request,
            Self::Bytes(bytes) => request.body(bytes.clone()),
            Self::Multipart(parts) => request.multipart(parts.iter().fold(Form::new(), |form, part| {
                let content = MultipartPart::stream_with_length(part.content.clone(), part.content.len() as u64);
                form.part(part.name, if part.is_file { content.file_name(part.name) } else { content })
            })),
        }
    }
}

impl Builder<'_> {
    /// The members of `body`, where they are needed one by one.
    pub(super) fn body_members(&self) -> Result<Option<Members>> {
        let Some(body) = self.arguments.body.as_ref().filter(|body| body.get() != "null") else { return Ok(None) };
        let apart = self.operation.encoding != Encoding::Json
            || self.operation.each_parameter().any(|parameter| match parameter.place {
                Place::Header(_) => true,
                Place::Field => parameter.wire != parameter.name || self.arguments.get(parameter.name).is_some(),
                _ => false,
            });
        if apart { members("body", body.get()).map(Some) } else { Ok(None) }
    }

    pub(super) fn body(&mut self, members: Option<Members>) -> Result<Body> {
        let operation = self.operation;
        let fields = || {
            let places = [Place::Field, Place::File];
            operation.each_parameter().filter(move |parameter| places.contains(&parameter.place))
        };
        match self.operation.encoding {
            Encoding::None => Ok(Body::None),
            Encoding::Json => {
                let json = Bytes::from(self.json_body(members, fields().count() > 0)?);
                self.note_secrets(&json);
                Ok(Body::Bytes(json))
            }
            Encoding::Form => {
                let mut pairs = Vec::new();
                for parameter in fields() {
                    if let Some(text) = self.field_text(parameter, members.as_ref())? {
                        if parameter.secret {
                            self.secrets.add(text.as_str());
                        }
                        pairs.push((parameter.wire, text));
                    }
                }
                let form = encode_pairs(pairs.iter().map(|(key, value)| (*key, value.as_str())));
                Ok(Body::Bytes(form.into_bytes().into()))
            }
            Encoding::Multipart => {
                let mut parts = Vec::new();
                for parameter in fields() {
                    let is_file = parameter.place == Place::File;
                    let content = if is_file {
                        self.file_content(parameter, members.as_ref())?
                    } else {
                        self.field_text(parameter, members.as_ref())?.map(|text| text.into_bytes().into())
                    };
                    if let Some(content) = content {
                        if parameter.secret {
                            self.secrets.add(String::from_utf8_lossy(&content));
                        }
                        parts.push(Part { name: parameter.wire, content, is_file });
                    }
                }
                Ok(Body::Multipart(parts))
            }
        }
    }

    /// What of a body may not be shown, by whatever way it was given.
    fn note_secrets(&mut self, json: &Bytes) {
        let secret = || self.operation.each_parameter().filter(|parameter| parameter.secret);
        let fields = || secret().filter(|parameter| parameter.place == Place::Field);
        if secret().any(|parameter| parameter.place == Place::Document) {
            self.secrets.add_all(json.clone());
        } else if fields().count() > 0 {
            let names = fields().flat_map(|parameter| [parameter.wire, parameter.name]).collect();
            self.secrets.add_members(json.clone(), names);
        }
    }

    fn json_body(&self, members: Option<Members>, has_fields: bool) -> Result<Vec<u8>> {
        let whole = self.operation.each_parameter().find(|parameter| parameter.place == Place::Document);
        if let Some(parameter) = whole {
            // A document may be given by its name or as `body`.
            let named = self.arguments.get(parameter.name).map(Argument::to_json);
            let json = named.or_else(|| self.arguments.body.as_ref().map(|body| body.get().to_owned()));
            let json = json.ok_or_else(|| {
                Error::invalid(format!("argument body: {} needs it: {}", self.operation.name, parameter.doc))
            })?;
            return Ok(json.into_bytes());
        }
        let mut object = match (members, &self.arguments.body) {
            (Some(members), _) => members,
            // Nothing to change: the caller's JSON goes out as it came, however large it is.
            (None, Some(body)) if body.get() != "null" && !self.has_named_fields() => {
                return Ok(body.get().as_bytes().to_vec());
            }
            (None, Some(body)) if body.get() != "null" => arguments::members("body", body.get())?,
            _ => Members::new(),
        };
        for parameter in self.operation.each_parameter().filter(|parameter| parameter.place == Place::Field) {
            if parameter.wire != parameter.name
                && let Some(value) = object.remove(parameter.name)
            {
                object.insert(parameter.wire.to_owned(), value);
            }
            // Here null is a value: it empties a field.
            if let Some(argument) = self.arguments.get(parameter.name) {
                let json = serde_json::value::RawValue::from_string(argument.to_json());
                object.insert(parameter.wire.to_owned(), json.map_err(|e| Error::invalid(e.to_string()))?);
            }
        }
        let none_given = object.is_empty() && self.arguments.body.is_none();
        if none_given && has_fields && self.needs_a_field() {
            return Err(Error::invalid(format!(
                "argument body: {} needs a JSON object of its fields ({})",
                self.operation.name,
                self.field_names()
            )));
        }
        let json = serde_json::to_string(&object).map_err(|e| Error::invalid(format!("argument body: {e}")))?;
        Ok(json.into_bytes())
    }

    fn has_named_fields(&self) -> bool {
        let is_field = |parameter: &Parameter| parameter.place == Place::Field;
        self.operation.each_parameter().any(|p| is_field(p) && self.arguments.get(p.name).is_some())
    }

    fn needs_a_field(&self) -> bool {
        self.operation.each_parameter().any(|parameter| parameter.required && parameter.place == Place::Field)
    }

    fn field_names(&self) -> String {
        let fields = self.operation.each_parameter().filter(|parameter| parameter.place == Place::Field);
        fields.map(|parameter| parameter.name).collect::<Vec<_>>().join(", ")
    }

    /// A field of a form: by its name, or a member of the body.
    fn field(&self, parameter: &Parameter, members: Option<&Members>) -> Option<Argument> {
        let member = || members.and_then(|members| members.get(parameter.name)).cloned().map(Argument::Json);
        self.arguments.get(parameter.name).cloned().or_else(member).filter(|argument| !argument.is_null())
    }

    fn field_text(&self, parameter: &Parameter, members: Option<&Members>) -> Result<Option<String>> {
        let Some(argument) = self.field(parameter, members) else { return Ok(None) };
        let text = argument.as_text();
        text.map(Some).ok_or_else(|| Error::invalid(format!("argument {}: expected a text", parameter.name)))
    }

    fn file_content(&self, parameter: &Parameter, members: Option<&Members>) -> Result<Option<Bytes>> {
        let Some(argument) = self.field(parameter, members) else { return Ok(None) };
        let expected = || {
            Error::invalid(format!(
                "argument {}: expected the file's content as a text, or {{\"base64\": \"...\"}}",
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
}
