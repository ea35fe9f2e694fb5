//! From an entry of the table and the arguments of a call to the request that goes out.
//!
//! Everything that can be found wrong without the server is found here, before any I/O, and named.

mod body;
mod headers;

use super::arguments::{Argument, Arguments};
use super::error::{Error, Result};
use super::options::CallSettings;
use super::secret::{MASK, Secrets};
use crate::operations::{Encoding, Method, Operation, Parameter, Place};
use body::Body;
use headers::common_headers;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use std::time::Instant;

/// What may stand in a path segment as it is: RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A request ready to be sent, as often as need be.
pub struct Prepared {
    /// When the call began: its time runs from there.
    pub begun: Instant,
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

impl Prepared {
    /// The request, made anew for each attempt.
    pub fn request(&self, http: &reqwest::Client) -> Result<reqwest::Request> {
        let request = http.request(method(self.method), self.url.clone()).headers(self.headers.clone());
        let request = self.body.put_into(request);
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
    let begun = arguments.begun.unwrap_or_else(Instant::now);
    Builder { begun, operation, arguments, settings, secrets: Secrets::default() }.build(base).map_err(named)
}

/// Prepares a request that the table does not have; the path is taken as it stands, already encoded.
pub fn prepare_raw(
    base: &str,
    method: Method,
    path: &str,
    arguments: &Arguments,
    settings: &CallSettings,
) -> Result<Prepared> {
    let begun = arguments.begun.unwrap_or_else(Instant::now);
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
        begun,
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
    begun: Instant,
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
            begun: self.begun,
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
