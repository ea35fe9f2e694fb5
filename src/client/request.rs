//! From an entry of the table and the arguments of a call to the request that goes out.
//!
//! Everything that can be found wrong without the server is found here, before any I/O, and named.

use super::arguments::{Argument, Arguments, Members, members};
use super::error::{Error, Result};
use super::options::CallSettings;
use super::secret::{MASK, Secrets};
use crate::operations::{Credentials, Encoding, Method, Operation, Parameter, Place};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::multipart::{Form, Part as MultipartPart};
use serde_json::Value;

/// What may stand in a path segment as it is: RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A request ready to be sent, as often as need be.
pub struct Prepared {
    /// The operation's name, for errors.
    pub operation: String,
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: reqwest::Url,
    /// The same with the secrets masked.
    pub shown_url: String,
    headers: HeaderMap,
    body: Body,
    /// What must be masked in whatever is said of this call.
    pub secrets: Secrets,
}

enum Body {
    None,
    Bytes(Bytes),
    Multipart(Vec<Part>),
}

struct Part {
    name: &'static str,
    content: Bytes,
    is_file: bool,
}

impl Prepared {
    /// The request, made anew for each attempt.
    pub fn request(&self, http: &reqwest::Client) -> Result<reqwest::Request> {
        let request = http.request(method(self.method), self.url.clone()).headers(self.headers.clone());
        let request = match &self.body {
            Body::None => request,
            Body::Bytes(bytes) => request.body(bytes.clone()),
            Body::Multipart(parts) => request.multipart(parts.iter().fold(Form::new(), |form, part| {
                let content = MultipartPart::stream_with_length(part.content.clone(), part.content.len() as u64);
                form.part(part.name, if part.is_file { content.file_name(part.name) } else { content })
            })),
        };
        request.build().map_err(|e| Error::invalid(format!("the request cannot be written: {}", e.without_url())))
    }

    /// Whether carrying it out twice is the same as once.
    pub fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }

    /// Whether it changes nothing at the server.
    pub fn is_safe(&self) -> bool {
        matches!(self.method, Method::Get | Method::Head)
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// Prepares an operation of the table.
pub fn prepare(base: &str, operation: &Operation, arguments: &Arguments, settings: &CallSettings) -> Result<Prepared> {
    let named = |mut error: Error| {
        operation.name.clone_into(&mut error.operation);
        error
    };
    Builder { operation, arguments, settings, secrets: Secrets::default() }.build(base).map_err(named)
}

/// Prepares a request that the table does not have; the path is taken as it stands, already encoded.
pub fn prepare_raw(
    base: &str,
    method: Method,
    path: &str,
    arguments: &Arguments,
    settings: &CallSettings,
) -> Result<Prepared> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=:@/".contains(c);
    let climbs = path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    });
    if !path.starts_with('/') || climbs || !path.chars().all(plain) {
        return Err(Error::invalid(
            "argument path: expected a percent-encoded path below the API's version, such as /users/UUID/groups, \
             without a query and without `.` or `..` as segments",
        ));
    }
    let mut secrets = Secrets::default();
    let mut pairs = Vec::new();
    for (key, value) in &arguments.query {
        query_values(key, &Argument::Json(value.clone()), &mut |text| pairs.push((key.clone(), text)))?;
    }
    let query = query_string(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let mut headers = common_headers(settings, None, None, None, &mut secrets)?;
    let body = match &arguments.body {
        None => Body::None,
        Some(json) => {
            headers.insert(CONTENT_TYPE, JSON);
            Body::Bytes(json.get().as_bytes().to_vec().into())
        }
    };
    let text = format!("{base}{path}{query}");
    let shown_url = secrets.mask(&text);
    Ok(Prepared {
        operation: format!("{} {path}", method.as_str()),
        method,
        url: parse(&text)?,
        shown_url,
        headers,
        body,
        secrets,
    })
}

struct Builder<'a> {
    operation: &'a Operation,
    arguments: &'a Arguments,
    settings: &'a CallSettings,
    secrets: Secrets,
}

impl Builder<'_> {
    fn build(mut self, base: &str) -> Result<Prepared> {
        self.refuse_unknown()?;
        for parameter in self.operation.each_parameter().filter(|parameter| parameter.secret) {
            if let Some(text) = self.arguments.get(parameter.name).and_then(Argument::as_text) {
                self.secrets.add(&text);
            }
        }
        let (path, shown_path) = self.path()?;
        let (query, shown_query) = self.query()?;
        // Fields of the body and headers can both stand in the JSON object that a typed function takes.
        let mut given = self.body_members()?;
        let mut headers = self.headers(given.as_mut())?;
        let body = self.body(given)?;
        match (&body, self.operation.encoding) {
            (Body::Bytes(_), Encoding::Form) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            }
            (Body::Bytes(_), _) => {
                headers.insert(CONTENT_TYPE, JSON);
            }
            _ => {}
        }
        let url = parse(&format!("{base}{path}{query}"))?;
        let shown_url = self.secrets.mask(&format!("{base}{shown_path}{shown_query}"));
        Ok(Prepared {
            operation: self.operation.name.to_owned(),
            method: self.operation.method,
            url,
            shown_url,
            headers,
            body,
            secrets: self.secrets,
        })
    }

    fn refuse_unknown(&self) -> Result<()> {
        for (name, _) in &self.arguments.named {
            if self.operation.parameter(name).is_none() {
                let known: Vec<_> = self.operation.each_parameter().map(|parameter| parameter.name).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Error::invalid(format!(
                    "argument {name}: {} has no such parameter; it has {known} (further keys go into `query` or `body`)",
                    self.operation.name
                )));
            }
        }
        if !self.arguments.query.is_empty() && !self.operation.has_query() && !self.operation.open {
            return Err(Error::invalid(format!("argument query: {} takes none", self.operation.name)));
        }
        if self.arguments.body.as_ref().is_some_and(|body| body.get() != "null")
            && self.operation.encoding == Encoding::None
        {
            return Err(Error::invalid(format!("argument body: {} takes none", self.operation.name)));
        }
        Ok(())
    }

    /// A parameter that was given, null counting as not given; an error where it is required.
    fn given(&self, parameter: &Parameter) -> Result<Option<&Argument>> {
        let given = self.arguments.get(parameter.name).filter(|argument| !argument.is_null());
        if given.is_none() && parameter.required {
            return Err(Error::invalid(format!(
                "argument {}: {} needs it: {}",
                parameter.name, self.operation.name, parameter.doc
            )));
        }
        Ok(given)
    }

    fn text(&self, parameter: &Parameter) -> Result<Option<String>> {
        let Some(argument) = self.given(parameter)? else { return Ok(None) };
        let text = argument.as_text();
        text.map(Some).ok_or_else(|| Error::invalid(format!("argument {}: expected a text", parameter.name)))
    }

    /// The path, and the same as it may be shown.
    fn path(&self) -> Result<(String, String)> {
        let (mut path, mut shown) = (self.operation.path.to_owned(), self.operation.path.to_owned());
        for parameter in self.operation.each_parameter().filter(|parameter| parameter.place == Place::Path) {
            let text = self.text(parameter)?.unwrap_or_default();
            let wrong = match text.as_str() {
                "" => "is empty",
                "." | ".." => "is `.` or `..`, which would name another resource",
                _ => "",
            };
            if !wrong.is_empty() {
                return Err(Error::invalid(format!(
                    "argument {}: it {wrong}; expected one segment of the path: {}",
                    parameter.name, parameter.doc
                )));
            }
            let encoded = utf8_percent_encode(&text, SEGMENT).to_string();
            let place = format!("{{{}}}", parameter.name);
            path = path.replacen(&place, &encoded, 1);
            shown = shown.replacen(&place, if parameter.secret { MASK } else { &encoded }, 1);
        }
        Ok((path, shown))
    }

    /// The query with its question mark, and the same as it may be shown.
    fn query(&self) -> Result<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let secret =
            |key: &str| self.operation.each_parameter().any(|p| p.secret && p.place == Place::Query && p.wire == key);
        for parameter in self.operation.each_parameter().filter(|parameter| parameter.place == Place::Query) {
            // The typed C functions hand the whole query on as one object, by the same names.
            let from_object = self.arguments.query.get(parameter.name).map(|raw| Argument::Json(raw.clone()));
            let given = if parameter.required && from_object.is_some() { None } else { self.given(parameter)? };
            if let Some(argument) = given.or(from_object.as_ref()) {
                query_values(parameter.name, argument, &mut |text| pairs.push((parameter.wire.to_owned(), text)))?;
            }
        }
        for (key, raw) in &self.arguments.query {
            if self.operation.parameter(key).is_none_or(|parameter| parameter.place != Place::Query) {
                query_values(key, &Argument::Json(raw.clone()), &mut |text| pairs.push((key.clone(), text)))?;
            }
        }
        let shown = pairs.iter().map(|(key, value)| (key.as_str(), if secret(key) { MASK } else { value.as_str() }));
        let shown = query_string(shown);
        Ok((query_string(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))), shown))
    }

    /// The members of `body`, where they are needed one by one.
    fn body_members(&self) -> Result<Option<Members>> {
        let Some(body) = self.arguments.body.as_ref().filter(|body| body.get() != "null") else { return Ok(None) };
        let apart = self.operation.encoding != Encoding::Json
            || self.operation.each_parameter().any(|parameter| match parameter.place {
                Place::Header(_) => true,
                Place::Field => parameter.wire != parameter.name || self.arguments.get(parameter.name).is_some(),
                _ => false,
            });
        if apart { members("body", body.get()).map(Some) } else { Ok(None) }
    }

    fn headers(&mut self, mut members: Option<&mut Members>) -> Result<HeaderMap> {
        let at = |place: Place| -> Result<Option<String>> {
            let parameter = self.operation.each_parameter().find(|parameter| parameter.place == place);
            parameter.map_or(Ok(None), |parameter| self.text(parameter))
        };
        let (tenant, token) = (at(Place::Tenant)?, at(Place::Token)?);
        let login = match self.operation.credentials {
            Credentials::Basic => Some((at(Place::Username)?, at(Place::Password)?)),
            _ => None,
        };
        let mut headers = common_headers(self.settings, tenant, token, login, &mut self.secrets)?;
        for parameter in self.operation.each_parameter() {
            let Place::Header(name) = parameter.place else { continue };
            let from_body = members.as_mut().and_then(|members| members.remove(parameter.name)).map(Argument::Json);
            let text = match self.text(parameter)? {
                Some(text) => Some(text),
                None => from_body.filter(|argument| !argument.is_null()).and_then(|argument| argument.as_text()),
            };
            if let Some(text) = text {
                let name = HeaderName::try_from(name).map_err(|e| Error::invalid(format!("header {name}: {e}")))?;
                headers.insert(name, value(parameter.name, &text)?);
            }
        }
        Ok(headers)
    }

    fn body(&self, members: Option<Members>) -> Result<Body> {
        let fields = || {
            let places = [Place::Field, Place::File];
            self.operation.each_parameter().filter(move |parameter| places.contains(&parameter.place))
        };
        match self.operation.encoding {
            Encoding::None => Ok(Body::None),
            Encoding::Json => self.json_body(members, fields().count() > 0),
            Encoding::Form => {
                let mut pairs = Vec::new();
                for parameter in fields() {
                    if let Some(text) = self.field_text(parameter, members.as_ref())? {
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
                        parts.push(Part { name: parameter.wire, content, is_file });
                    }
                }
                Ok(Body::Multipart(parts))
            }
        }
    }

    fn json_body(&self, members: Option<Members>, has_fields: bool) -> Result<Body> {
        let whole = self.operation.each_parameter().find(|parameter| parameter.place == Place::Document);
        if let Some(parameter) = whole {
            // A document may be given by its name or as `body`.
            let named = self.arguments.get(parameter.name).map(Argument::to_json);
            let json = named.or_else(|| self.arguments.body.as_ref().map(|body| body.get().to_owned()));
            let json = json.ok_or_else(|| {
                Error::invalid(format!("argument body: {} needs it: {}", self.operation.name, parameter.doc))
            })?;
            return Ok(Body::Bytes(json.into_bytes().into()));
        }
        let mut object = match (members, &self.arguments.body) {
            (Some(members), _) => members,
            // Nothing to change: the caller's JSON goes out as it came, however large it is.
            (None, Some(body)) if body.get() != "null" && !self.has_named_fields() => {
                return Ok(Body::Bytes(body.get().as_bytes().to_vec().into()));
            }
            (None, Some(body)) if body.get() != "null" => super::arguments::members("body", body.get())?,
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
        Ok(Body::Bytes(json.into_bytes().into()))
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
        let value: Value = serde_json::from_str(&argument.to_json()).map_err(|_| expected())?;
        let encoded = value.get("base64").and_then(Value::as_str).ok_or_else(expected)?;
        BASE64.decode(encoded).map(|content| Some(content.into())).map_err(|_| expected())
    }
}

/// What every request carries: who asks, for whom, and what is wanted.
fn common_headers(
    settings: &CallSettings,
    tenant: Option<String>,
    token: Option<String>,
    login: Option<(Option<String>, Option<String>)>,
    secrets: &mut Secrets,
) -> Result<HeaderMap> {
    // The handle's own as well where the call carries others: nothing says that only these are repeated to us.
    for secret in [&settings.token, &settings.password].into_iter().flatten() {
        secrets.add(&secret.0);
    }
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(ACCEPT, JSON);
    headers.insert(USER_AGENT, value("user_agent", &settings.user_agent)?);
    if let Some(token) = token.or_else(|| settings.token.as_ref().map(|token| token.0.clone())) {
        secrets.add(&token);
        headers.insert(HeaderName::from_static("x-auth-token"), sensitive("token", &token)?);
    }
    if let Some(tenant) = tenant.or_else(|| settings.tenant_uuid.clone()) {
        headers.insert(HeaderName::from_static("wazo-tenant"), value("tenant_uuid", &tenant)?);
    }
    if let Some((username, password)) = login {
        let username = username.or_else(|| settings.username.clone()).unwrap_or_default();
        let password = password.or_else(|| settings.password.as_ref().map(|password| password.0.clone()));
        let password = password.unwrap_or_default();
        if username.contains(':') {
            return Err(Error::invalid("argument username: it has a colon, which HTTP Basic cannot carry"));
        }
        // A refresh token or a SAML session stands in the body; it needs no Basic beside it.
        if !username.is_empty() || !password.is_empty() {
            let encoded = BASE64.encode(format!("{username}:{password}"));
            secrets.add(&password);
            secrets.add(&encoded);
            headers.insert(AUTHORIZATION, sensitive("password", &format!("Basic {encoded}"))?);
        }
    }
    Ok(headers)
}

fn value(name: &str, text: &str) -> Result<HeaderValue> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| Error::invalid(format!("argument {name}: it has a control character, which no header can hold")))
}

fn sensitive(name: &str, text: &str) -> Result<HeaderValue> {
    let mut value = value(name, text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A query value as the reference writes it: nothing for null, `True` and `False`, a list as repeated keys.
fn query_values(name: &str, argument: &Argument, push: &mut dyn FnMut(String)) -> Result<()> {
    let expected =
        || Error::invalid(format!("argument {name}: expected a text, a number, a truth value or a list of those"));
    let scalar = |value: &Value| match value {
        Value::Null => Ok(None),
        Value::Bool(truth) => Ok(Some(if *truth { "True" } else { "False" }.to_owned())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(_) | Value::Object(_) => Err(expected()),
    };
    let raw = match argument {
        Argument::Text(text) => {
            push(text.clone());
            return Ok(());
        }
        Argument::Json(raw) => raw,
    };
    match serde_json::from_str(raw.get()).map_err(|_| expected())? {
        Value::Array(items) => {
            for item in &items {
                if let Some(text) = scalar(item)? {
                    push(text);
                }
            }
        }
        single => {
            if let Some(text) = scalar(&single)? {
                push(text);
            }
        }
    }
    Ok(())
}

fn query_string<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let encoded = encode_pairs(pairs);
    if encoded.is_empty() { encoded } else { format!("?{encoded}") }
}

fn encode_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn parse(url: &str) -> Result<reqwest::Url> {
    reqwest::Url::parse(url).map_err(|e| Error::invalid(format!("the URL that results is not one: {e}")))
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
