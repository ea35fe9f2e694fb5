//! A request that is ready to be sent, as often as need be, and what may be said about it.

use super::body::Body;
use crate::clock::Deadline;
use crate::error::{Error, Result, cut};
use crate::operations::Method;
use crate::secret::Secrets;
use reqwest::header::HeaderMap;
use std::time::Instant;

/// The longest URL, in bytes, encoded. The transport takes no more than 65,534 in all.
const LONGEST_URL: usize = 65_000;

/// A request that is ready to be sent.
pub struct Prepared {
    /// When the call began.
    pub begun: Instant,
    /// When it must have ended.
    pub deadline: Deadline,
    /// The operation's name; its secrets are masked when it is shown.
    pub(super) operation: String,
    /// Whether it changes something each time that it is carried out, whatever its method says.
    pub(super) changes: bool,
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: reqwest::Url,
    /// The same without the values of secret parameters; other secrets in it are masked when it is shown.
    pub(super) visible_url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
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

/// The URL that its parts make.
pub(super) fn parse_url(url: &str) -> Result<reqwest::Url> {
    if url.len() > LONGEST_URL {
        return Err(Error::invalid(format!(
            "the resulting URL is {} bytes long; expected {LONGEST_URL} at most",
            url.len()
        )));
    }
    reqwest::Url::parse(url).map_err(|e| Error::invalid(format!("the resulting URL is invalid: {e}")))
}
