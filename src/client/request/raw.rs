//! A request that the table of operations does not have.

use super::body::Body;
use super::caller::{Caller, JSON};
use super::given::refuse_length;
use super::headers::{Identity, common_headers};
use super::path::{LONGEST_SEGMENT, has_dot_segments};
use super::prepared::Prepared;
use super::query::{note_secrets, push_pairs, values};
use super::target::Target;
use crate::client::arguments::{Argument, Arguments};
use crate::client::base::Base;
use crate::client::trail::Trail;
use crate::clock::{self, Deadline};
use crate::error::{Error, Result};
use crate::operations::{Effect, Method};
use crate::secret::Secrets;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use reqwest::header::CONTENT_TYPE;
use std::sync::Arc;

/// Prepares it; the path is taken as it stands, already encoded.
pub fn prepare_raw(
    base: &Arc<Base>,
    method: Method,
    path: &str,
    arguments: &Arguments,
    caller: &Caller,
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
    let mut secrets = base.secrets();
    let mut target = Target::new(base.path());
    push_path(path, &mut target, &mut secrets);
    let operation = format!("{} {}", method.as_str(), &target.shown()[base.path().len()..]);
    let mut pairs = Vec::new();
    for (key, value) in &arguments.query {
        values(key, &Argument::Json(value.clone()), &mut |text| {
            pairs.push((key.as_str(), text, true));
            Ok(())
        })?;
    }
    note_secrets(&pairs, &mut secrets);
    push_pairs(&pairs, &mut target)?;
    target.refuse_length(base.origin())?;
    let mut headers = common_headers(caller, Identity::default(), &mut secrets)?;
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
        deadline: Deadline::after(begun, caller.timeout),
        operation: operation.into(),
        effect: Effect::OfMethod,
        method,
        base: Arc::clone(base),
        target,
        headers,
        body,
        secrets,
        trail: Trail::default(),
    })
}

/// Appends a path; the tokens in it, which stand behind `/token/`, are secret. Servers and proxies read a path in several ways
/// (`/%74oken/`, `/token//`, `/token%2F`), and what is a token to any of them is one here.
fn push_path(path: &str, target: &mut Target, secrets: &mut Secrets) {
    let mut is_token = false;
    for segment in path.split('/').skip(1) {
        target.push("/");
        let decoded = decoded(segment);
        let mut is_secret = false;
        for part in decoded.split(['/', '\\']).filter(|part| !part.is_empty()) {
            if is_token {
                is_secret = true;
                secrets.add(part);
            }
            // Behind a semicolon stand parameters of the segment, which some servers leave out.
            is_token = part.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("token"));
        }
        if is_secret {
            secrets.add(segment);
            secrets.add(percent_decode_str(segment).decode_utf8_lossy());
        }
        target.push_value(std::iter::once(segment), is_secret);
    }
}

/// The segment without any percent-encoding, even one of what is encoded already.
fn decoded(segment: &str) -> String {
    let mut text = segment.to_owned();
    // Some servers decode twice; nobody decodes for ever.
    for _ in 0..4 {
        let decoded = percent_decode_str(&text).decode_utf8_lossy();
        if decoded == text {
            break;
        }
        text = decoded.into_owned();
    }
    text
}
