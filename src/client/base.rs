//! Where the server is: what every request of a client begins with, made once.

use crate::error::{Error, Result};
use crate::options::ConnectionSettings;
use crate::secret::{Secret, Secrets};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::HeaderValue;

/// Scheme, host, port, prefix and version.
pub struct Base {
    /// Everything up to the path, as the options say it: `https://host:443`.
    origin: String,
    /// The path in front of that of the operation: `/api/auth/0.1`.
    path: String,
    /// The header `Host`.
    pub host: HeaderValue,
    /// Both, such as `https://host:443/api/auth/0.1`.
    text: String,
    /// The origin, taken apart once: the host's name is checked and written anew each time otherwise.
    url: Url,
    /// What proves who the client is at its proxy: every call carries it, or its connection does.
    of_proxy: Vec<Secret>,
}

impl Base {
    /// The base of these settings.
    pub fn new(settings: &ConnectionSettings) -> Result<Self> {
        if settings.host.is_empty() {
            return Err(Error::invalid("option host: it is not set; set it to the server's name or address"));
        }
        let scheme = if settings.https { "https" } else { "http" };
        let host = if settings.host.contains(':') { format!("[{}]", settings.host) } else { settings.host.clone() };
        let port = if settings.port == 0 { String::new() } else { format!(":{}", settings.port) };
        let origin = format!("{scheme}://{host}{port}");
        let path = format!("{}/{}", settings.prefix, settings.version);
        let url = Url::parse(&origin).map_err(|e| Error::invalid(format!("option host: {e}")))?;
        // Without the port where it is the scheme's own, as browsers write it.
        let host = url.port().map_or_else(
            || url.host_str().unwrap_or_default().to_owned(),
            |port| format!("{}:{port}", url.host_str().unwrap_or_default()),
        );
        let host = HeaderValue::try_from(host).map_err(|e| Error::invalid(format!("option host: {e}")))?;
        let text = format!("{origin}{path}");
        let of_proxy = settings.proxy.as_ref().map(of_proxy).unwrap_or_default();
        Ok(Self { origin, path, host, text, url, of_proxy })
    }

    /// The URL of a target: a path that begins with a slash, and a query.
    pub fn url_of(&self, target: &str) -> Url {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut url = self.url.clone();
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// The secrets that every call has.
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.extend(self.of_proxy.iter().map(|secret| secret.0.clone()));
        secrets
    }

    /// Everything up to the path.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path in front of that of the operation.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole as a URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// User and password of a proxy: as they stand in its URL, decoded, and as HTTP Basic sends them.
fn of_proxy(url: &Secret) -> Vec<Secret> {
    let Ok(url) = Url::parse(&url.0) else { return Vec::new() };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    let basic = basic(&decoded(user), &decoded(password));
    let all = [decoded(user), decoded(password), user.to_owned(), password.to_owned(), basic];
    all.into_iter().filter(|secret| !secret.is_empty()).map(Secret).collect()
}

/// User and password as HTTP Basic sends them, without the padding at the end, which not everyone repeats.
pub fn basic(user: &str, password: &str) -> String {
    let mut encoded = BASE64.encode(format!("{user}:{password}"));
    encoded.truncate(encoded.trim_end_matches('=').len());
    encoded
}
