//! A request that is ready to be sent, as often as need be, and what may be said about it.

use super::body::Body;
use super::caller::{X_AUTH_TOKEN, sensitive};
use super::target::Target;
use crate::client::base::Base;
use crate::client::trail::Trail;
use crate::clock::Deadline;
use crate::error::{Error, Result, cut};
use crate::operations::{Effect, Method};
use crate::secret::{Secret, Secrets};
use bytes::Bytes;
use http_body_util::Full;
use reqwest::header::{HOST, HeaderMap, HeaderValue};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

/// A request that is ready to be sent.
pub struct Prepared {
    /// When the call began.
    pub begun: Instant,
    /// When it must have ended.
    pub deadline: Deadline,
    /// The operation's name; its secrets are masked when it is shown.
    pub(super) operation: Cow<'static, str>,
    /// What it does at the server.
    pub(super) effect: Effect,
    /// The method.
    pub method: Method,
    pub(super) base: Arc<Base>,
    /// The path and the query.
    pub target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    /// What must be masked in whatever is said of this call.
    pub secrets: Secrets,
    /// What the log says of the call besides.
    pub trail: Trail,
}

/// What may be said of a call.
pub struct Shown {
    /// The operation's name; of a raw request its method and path.
    pub operation: String,
    /// The URL.
    pub url: String,
    /// A text about the call.
    pub text: String,
}

impl Prepared {
    /// The request for reqwest, made anew for each attempt.
    pub fn request(&self, http: &reqwest::Client) -> Result<reqwest::Request> {
        let url = self.base.url_of(self.target.as_str());
        let (method, headers) = (method(self.method), self.headers.clone());
        if let Some(form) = self.body.form() {
            let request = http.request(method, url).headers(headers).multipart(form);
            return request.build().map_err(|e| unwritable(&e.without_url()));
        }
        // Without its builder, which makes the headers anew.
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        if let Body::Bytes(bytes) = &self.body {
            *request.body_mut() = Some(bytes.clone().into());
        }
        Ok(request)
    }

    /// The same for a connection of a lane.
    pub fn direct_request(&self) -> Result<http::Request<Full<Bytes>>> {
        let body = self.body.whole();
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = method(self.method);
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(HOST, self.base.host.clone());
        let uri = http::uri::PathAndQuery::try_from(self.target.as_str()).map_err(|e| unwritable(&e))?;
        *request.uri_mut() = uri.into();
        Ok(request)
    }

    /// The token that it carries.
    pub fn token(&self) -> Option<&[u8]> {
        self.headers.get(X_AUTH_TOKEN).map(HeaderValue::as_bytes)
    }

    /// Has it carry another token.
    pub fn carry_token(&mut self, token: &Secret) -> Result<()> {
        self.secrets.add(token.0.as_str());
        self.headers.insert(X_AUTH_TOKEN, sensitive("token", &token.0)?);
        Ok(())
    }

    /// Whether only reqwest can write it.
    pub fn needs_reqwest(&self) -> bool {
        matches!(self.body, Body::Multipart(_))
    }

    /// Whether carrying it out twice is the same as once.
    pub fn is_idempotent(&self) -> bool {
        self.effect.is_idempotent(self.method)
    }

    /// Whether it changes nothing at the server.
    pub fn is_safe(&self) -> bool {
        self.effect.is_safe(self.method)
    }

    /// The operation's name, for the log.
    pub fn shown_operation(&self) -> String {
        self.shown("").operation
    }

    /// The path without its secrets, for the log; no query.
    pub fn shown_path(&self) -> String {
        let path = self.target.shown();
        let path = path.split('?').next().unwrap_or_default();
        cut(&self.secrets.masker(&[path]).mask(path), 300).into_owned()
    }

    /// The message of an error about this call, for the log: with the path where it has the URL, as what is searched for is
    /// nobody's business but the caller's.
    pub fn without_query(&self, message: &str) -> String {
        let method = self.method.as_str();
        match message.rfind(&format!(" [{method} {}", self.origin())) {
            Some(at) => format!("{} [{method} {}]", &message[..at], self.shown_path()),
            None => message.to_owned(),
        }
    }

    /// Scheme, host and port of the server.
    pub fn origin(&self) -> &str {
        self.base.origin()
    }

    /// What errors say of the call, and a text about it, without its secrets.
    pub fn shown(&self, text: &str) -> Shown {
        let url = format!("{}{}", self.base.origin(), self.target.shown());
        let masker = self.secrets.masker(&[&self.operation, &url, text]);
        Shown {
            operation: cut(&masker.mask(&self.operation), 300).into_owned(),
            url: cut(&masker.mask(&url), 2000).into_owned(),
            text: masker.mask(text),
        }
    }
}

fn unwritable(error: &dyn std::error::Error) -> Error {
    Error::invalid(format!("the request cannot be written: {error}"))
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    }
}
