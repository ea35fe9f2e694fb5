//! The headers of a request: who asks, for whom, and what the operation adds.

use super::caller::{Caller, WAZO_TENANT, X_AUTH_TOKEN, sensitive, value};
use super::given::Given;
use crate::client::arguments::{Argument, Members};
use crate::client::base::basic;
use crate::error::{Error, Result};
use crate::operations::{Credentials, Place};
use crate::secret::Secrets;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

pub const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Who makes a call, where that is not the client's own identity.
#[derive(Default)]
pub struct Identity {
    pub tenant: Option<String>,
    pub token: Option<String>,
    /// User name and password; `None` for an operation that takes neither.
    pub login: Option<(Option<String>, Option<String>)>,
}

/// The headers of an operation. Those that it takes beside the fields of the body are taken out of `members`.
pub fn headers(
    given: Given<'_>,
    mut members: Option<&mut Members>,
    caller: &Caller,
    secrets: &mut Secrets,
) -> Result<HeaderMap> {
    let at = |place: Place| given.parameters(place).next().map_or(Ok(None), |parameter| given.text(parameter));
    let login = match given.operation.credentials {
        Credentials::Basic => Some((at(Place::Username)?, at(Place::Password)?)),
        _ => None,
    };
    let identity = Identity { tenant: at(Place::Tenant)?, token: at(Place::Token)?, login };
    let mut headers = common_headers(caller, identity, secrets)?;
    for parameter in given.operation.each_parameter() {
        let Place::Header(name) = parameter.place else { continue };
        let from_body = members.as_mut().and_then(|members| members.remove(parameter.name)).map(Argument::Json);
        let text = match given.text(parameter)? {
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

/// What every request carries: who asks, for whom, and what is wanted.
pub fn common_headers(caller: &Caller, identity: Identity, secrets: &mut Secrets) -> Result<HeaderMap> {
    let settings = caller.settings();
    // The handle's own as well where the call carries others: nothing says that only these are repeated to us.
    for secret in [&settings.token, &settings.password].into_iter().flatten() {
        secrets.add(secret.0.as_str());
    }
    let mut headers = caller.headers().clone();
    if !headers.contains_key(USER_AGENT) {
        // It cannot be one; this says why.
        headers.insert(USER_AGENT, value("user_agent", &settings.user_agent)?);
    }
    if let Some(token) = &identity.token {
        secrets.add(token.as_str());
        headers.insert(X_AUTH_TOKEN, sensitive("token", token)?);
    } else if let (Some(token), false) = (&settings.token, headers.contains_key(X_AUTH_TOKEN)) {
        headers.insert(X_AUTH_TOKEN, sensitive("token", &token.0)?);
    }
    if let Some(tenant) = &identity.tenant {
        headers.insert(WAZO_TENANT, value("tenant_uuid", tenant)?);
    } else if let (Some(tenant), false) = (&settings.tenant_uuid, headers.contains_key(WAZO_TENANT)) {
        headers.insert(WAZO_TENANT, value("tenant_uuid", tenant)?);
    }
    if let Some((username, password)) = identity.login {
        let (username, password) = match (username, password) {
            (Some(username), Some(password)) => (username, password),
            (None, None) => {
                let password = settings.password.as_ref().map(|password| password.0.clone());
                (settings.username.clone().unwrap_or_default(), password.unwrap_or_default())
            }
            // Completed by the client's own, it would prove somebody else, or try a password on a stranger's account.
            (Some(_), None) => return Err(half("password", "username")),
            (None, Some(_)) => return Err(half("username", "password")),
        };
        if username.contains(':') {
            return Err(Error::invalid(
                "argument username: it contains a colon, which HTTP Basic authentication does not allow",
            ));
        }
        // A refresh token or a SAML session stands in the body; it needs no Basic beside it.
        if !username.is_empty() || !password.is_empty() {
            let encoded = BASE64.encode(format!("{username}:{password}"));
            secrets.add(password.as_str());
            secrets.add(basic(&username, &password));
            headers.insert(AUTHORIZATION, sensitive("password", &format!("Basic {encoded}"))?);
        }
    }
    Ok(headers)
}

/// A login of which only one half was given.
fn half(missing: &str, given: &str) -> Error {
    Error::invalid(format!(
        "argument {missing}: it is missing, but {given} was given; give both, or neither to use the client's own"
    ))
}
