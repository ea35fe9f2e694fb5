//! Where the server is: what every request of a client begins with, made once.

use crate::error::{Error, Result};
use crate::options::ConnectionSettings;
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
        Ok(Self { origin, path, host, text, url })
    }

    /// The URL of a target: a path that begins with a slash, and a query.
    pub fn url_of(&self, target: &str) -> Url {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut url = self.url.clone();
        url.set_path(path);
        url.set_query(query);
        url
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
