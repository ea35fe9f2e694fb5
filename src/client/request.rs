//! From an entry of the table and the arguments of a call to the request that goes out.
//!
//! Everything that can be found wrong without the server is found here, before any I/O, and named.

mod body;
mod headers;

use super::arguments::{Argument, Arguments};
use super::error::{Error, Result, cut};
use super::json::{self, Json};
use super::options::CallSettings;
use super::secret::{MASK, Secrets, secrets_of};
use crate::operations::{Encoding, Method, Operation, Parameter, Place};
use body::Body;
use bytes::Bytes;
use headers::common_headers;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use std::time::Instant;

/// What may stand in a path segment as it is: RFC 3986's unreserved characters.
pub(super) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What a path argument, a query and a whole URL may be long, in bytes, encoded. Servers take less (8 KB of URL mostly),
/// the transport no more than 65,534 in all.
const LONGEST_SEGMENT: usize = 8_000;
const LONGEST_QUERY: usize = 60_000;
const LONGEST_URL: usize = 65_000;

/// A request ready to be sent, as often as need be.
pub struct Prepared {
    /// When the call began: its time runs from there.
    pub begun: Instant,
    /// The operation's name; its secrets are masked when it is shown.
    operation: String,
    /// Whether it changes something each time that it is carried out, whatever its method says.
    changes: bool,
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: reqwest::Url,
    /// The same without the values of secret parameters; other secrets in it are masked when it is shown.
    visible_url: String,
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
        self.method.is_idempotent() && !self.changes
    }

    /// Whether it changes nothing at the server.
    pub fn is_safe(&self) -> bool {
        matches!(self.method, Method::Get | Method::Head) && !self.changes
    }

    /// The operation's name, for errors.
    pub fn shown_operation(&self) -> String {
        cut(&self.secrets.mask(&self.operation), 300).into_owned()
    }

    /// The URL without its secrets, for errors; no longer than `most` characters.
    pub fn shown_url(&self, most: usize) -> String {
        cut(&self.secrets.mask(&self.visible_url), most).into_owned()
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
    // Some proxies decode a path before they resolve it.
    let decoded = path.to_ascii_lowercase().replace("%2f", "/").replace("%5c", "/").replace("%2e", ".");
    let climbs = has_dot_segments(&decoded);
    if !path.starts_with('/') || climbs || !path.chars().all(plain) {
        return Err(Error::invalid(
            "argument path: expected a percent-encoded path below the API's version, such as /users/UUID/groups, \
             without a query and without `.` or `..` as segments",
        ));
    }
    refuse_length("path", path.len(), LONGEST_SEGMENT)?;
    // Nobody says what is secret here: each text of query and body may be, and what stands where tokens do is.
    let mut secrets = Secrets::default();
    let visible_path = without_tokens(path, &mut secrets);
    let mut pairs = Vec::new();
    for (key, value) in &arguments.query {
        secrets.extend(json::texts(value));
        let is_secret = value.get().contains('"');
        query_values(key, &Argument::Json(value.clone()), &mut |text| pairs.push((key.as_str(), text, is_secret)))?;
    }
    let (query, visible_query) = queries(&pairs)?;
    let mut headers = common_headers(settings, None, None, None, &mut secrets)?;
    let body = match &arguments.body {
        None => Body::None,
        Some(json) => {
            headers.insert(CONTENT_TYPE, JSON);
            let json = Bytes::copy_from_slice(json.get().as_bytes());
            secrets.add_all(json.clone());
            Body::Bytes(json)
        }
    };
    Ok(Prepared {
        begun,
        operation: format!("{} {visible_path}", method.as_str()),
        changes: false,
        method,
        url: parse(&format!("{base}{path}{query}"))?,
        visible_url: format!("{base}{visible_path}{visible_query}"),
        headers,
        body,
        secrets,
    })
}

/// A path with the tokens in it masked: they stand behind `/token/`.
fn without_tokens(path: &str, secrets: &mut Secrets) -> String {
    let mut is_token = false;
    let visible: Vec<_> = path
        .split('/')
        .map(|segment| {
            let shown = if is_token && !segment.is_empty() {
                secrets.add(segment);
                secrets.add(percent_decode_str(segment).decode_utf8_lossy());
                MASK
            } else {
                segment
            };
            is_token = segment == "token";
            shown
        })
        .collect();
    visible.join("/")
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
        // Those of a body or a query are noted where these are made.
        for parameter in self.operation.each_parameter().filter(|parameter| parameter.secret) {
            match self.arguments.get(parameter.name) {
                Some(Argument::Text(text)) => self.secrets.add(text.as_str()),
                Some(Argument::Json(raw)) if parameter.place != Place::Document => {
                    self.secrets.extend(secrets_of(raw));
                }
                _ => {}
            }
        }
        let (path, visible_path) = self.path()?;
        let (query, visible_query) = self.query()?;
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
        Ok(Prepared {
            begun: self.begun,
            operation: self.operation.name.to_owned(),
            changes: self.operation.changes,
            method: self.operation.method,
            url: parse(&format!("{base}{path}{query}"))?,
            visible_url: format!("{base}{visible_path}{visible_query}"),
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
                    "argument {}: {} has no such parameter; it has {known} (further keys go into `query` or `body`)",
                    cut(name, 60),
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
                text if has_dot_segments(text) => "has a part that is `.` or `..`, which would name another resource",
                _ => "",
            };
            if !wrong.is_empty() {
                return Err(Error::invalid(format!(
                    "argument {}: it {wrong}; expected one segment of the path: {}",
                    parameter.name, parameter.doc
                )));
            }
            let encoded = utf8_percent_encode(&text, SEGMENT).to_string();
            refuse_length(parameter.name, encoded.len(), LONGEST_SEGMENT)?;
            let place = format!("{{{}}}", parameter.name);
            path = path.replacen(&place, &encoded, 1);
            shown = shown.replacen(&place, if parameter.secret { MASK } else { &encoded }, 1);
        }
        Ok((path, shown))
    }

    /// The query with its question mark, and the same as it may be shown.
    fn query(&mut self) -> Result<(String, String)> {
        let mut pairs: Vec<(&str, String, bool)> = Vec::new();
        for parameter in self.operation.each_parameter().filter(|parameter| parameter.place == Place::Query) {
            // The typed C functions hand the whole query on as one object, by the same names.
            let from_object = self.arguments.query.get(parameter.name).map(|raw| Argument::Json(raw.clone()));
            let given = if parameter.required && from_object.is_some() { None } else { self.given(parameter)? };
            if let Some(argument) = given.or(from_object.as_ref()) {
                query_values(parameter.name, argument, &mut |text| {
                    pairs.push((parameter.wire, text, parameter.secret));
                })?;
            }
        }
        let in_query = |parameter: &&Parameter| parameter.place == Place::Query;
        for (key, raw) in &self.arguments.query {
            if !self.operation.each_parameter().filter(in_query).any(|parameter| parameter.name == key) {
                let is_secret =
                    self.operation.each_parameter().filter(in_query).any(|known| known.secret && known.wire == key);
                query_values(key, &Argument::Json(raw.clone()), &mut |text| pairs.push((key, text, is_secret)))?;
            }
        }
        self.secrets.extend(pairs.iter().filter(|(_, _, is_secret)| *is_secret).map(|(_, text, _)| text.clone()));
        queries(&pairs)
    }
}

/// A query value as the reference writes it: nothing for null, `True` and `False`, a list as repeated keys.
fn query_values(name: &str, argument: &Argument, push: &mut dyn FnMut(String)) -> Result<()> {
    let expected =
        || Error::invalid(format!("argument {name}: expected a text, a number, a truth value or a list of those"));
    let mut push_scalar = |value: Option<Json>| {
        match value.ok_or_else(expected)? {
            Json::Null => {}
            Json::Truth(truth) => push(if truth { "True" } else { "False" }.to_owned()),
            Json::Number(number) => push(number.to_owned()),
            Json::Text(text) => push(text),
            Json::List(_) | Json::Object(_) => return Err(expected()),
        }
        Ok(())
    };
    let raw = match argument {
        Argument::Text(text) => {
            push(text.clone());
            return Ok(());
        }
        Argument::Json(raw) => raw,
    };
    match Json::of(raw) {
        Some(Json::List(items)) => items.into_iter().try_for_each(|item| push_scalar(Json::of(item))),
        single => push_scalar(single),
    }
}

/// The query with its question mark, and the same without its secrets.
fn queries(pairs: &[(&str, String, bool)]) -> Result<(String, String)> {
    let query = query_string(pairs.iter().map(|(key, value, _)| (*key, value.as_str())));
    if query.len() > LONGEST_QUERY {
        let largest = pairs.iter().max_by_key(|(key, value, _)| key.len() + value.len());
        let largest = largest.map(|(key, _, _)| cut(key, 60)).unwrap_or_default();
        refuse_length(&format!("query (most of it {largest:?})"), query.len(), LONGEST_QUERY)?;
    }
    let visible = pairs.iter().map(|(key, value, is_secret)| (*key, if *is_secret { MASK } else { value.as_str() }));
    Ok((query, query_string(visible)))
}

/// What no URL can carry, named before anything is sent, and not repeated.
fn refuse_length(name: &str, length: usize, longest: usize) -> Result<()> {
    if length > longest {
        return Err(Error::invalid(format!(
            "argument {name}: it is {length} bytes long in the URL; expected {longest} at most"
        )));
    }
    Ok(())
}

/// Whether a part is `.` or `..`: where a proxy decodes `%2F` and resolves the path, it would climb.
fn has_dot_segments(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part == "." || part == "..")
}

fn query_string<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let encoded = encode_pairs(pairs);
    if encoded.is_empty() { encoded } else { format!("?{encoded}") }
}

fn encode_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn parse(url: &str) -> Result<reqwest::Url> {
    if url.len() > LONGEST_URL {
        return Err(Error::invalid(format!(
            "the URL that results is {} bytes long; expected {LONGEST_URL} at most",
            url.len()
        )));
    }
    reqwest::Url::parse(url).map_err(|e| Error::invalid(format!("the URL that results is not one: {e}")))
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
