//! A request that the table of operations does not have.

use super::body::Body;
use super::given::refuse_length;
use super::headers::{Identity, JSON, common_headers};
use super::path::{LONGEST_SEGMENT, has_dot_segments};
use super::prepared::{Prepared, parse_url};
use super::query::{query_part, values};
use crate::client::arguments::{Argument, Arguments};
use crate::clock::{self, Deadline};
use crate::error::{Error, Result};
use crate::json;
use crate::operations::Method;
use crate::options::CallSettings;
use crate::secret::{MASK, Secrets};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use reqwest::header::CONTENT_TYPE;

/// Prepares it; the path is taken as it stands, already encoded.
pub fn prepare_raw(
    base: &str,
    method: Method,
    path: &str,
    arguments: &Arguments,
    settings: &CallSettings,
) -> Result<Prepared> {
    let begun = arguments.begun.unwrap_or_else(clock::now);
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
        values(key, &Argument::Json(value.clone()), &mut |text| {
            pairs.push((key.as_str(), text, is_secret));
            Ok(())
        })?;
    }
    let query = query_part(&pairs)?;
    let mut headers = common_headers(settings, Identity::default(), &mut secrets)?;
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
        deadline: Deadline::after(begun, settings.timeout),
        operation: format!("{} {visible_path}", method.as_str()),
        changes: false,
        method,
        url: parse_url(&format!("{base}{path}{}", query.sent))?,
        visible_url: format!("{base}{visible_path}{}", query.shown),
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
