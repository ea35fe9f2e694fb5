//! Who makes the calls of a handle: its settings, and what of them every request carries, made once.

use crate::error::{Error, Result};
use crate::options::CallSettings;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use std::ops::Deref;

// Constants: a name that is made where it is used is checked and copied each time.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
pub const WAZO_TENANT: HeaderName = HeaderName::from_static("wazo-tenant");

/// The settings of a handle's calls, with their headers.
#[derive(Clone)]
pub struct Caller {
    settings: CallSettings,
    headers: HeaderMap,
}

impl Caller {
    /// The caller of these settings. What cannot be a header is left out; the call that needs it says so.
    pub fn new(settings: CallSettings) -> Self {
        // What a call has, with Host; more would cost memory for each call that waits.
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(ACCEPT, JSON);
        if let Ok(user_agent) = value("user_agent", &settings.user_agent) {
            headers.insert(USER_AGENT, user_agent);
        }
        if let Some(Ok(token)) = settings.token.as_ref().map(|token| sensitive("token", &token.0)) {
            headers.insert(X_AUTH_TOKEN, token);
        }
        if let Some(Ok(tenant)) = settings.tenant_uuid.as_ref().map(|tenant| value("tenant_uuid", tenant)) {
            headers.insert(WAZO_TENANT, tenant);
        }
        Self { settings, headers }
    }

    /// Its settings.
    pub fn settings(&self) -> &CallSettings {
        &self.settings
    }

    /// What every request carries.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl Deref for Caller {
    type Target = CallSettings;

    fn deref(&self) -> &CallSettings {
        &self.settings
    }
}

pub fn value(name: &str, text: &str) -> Result<HeaderValue> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| Error::invalid(format!("argument {name}: expected a string without control characters")))
}

pub fn sensitive(name: &str, text: &str) -> Result<HeaderValue> {
    let mut value = value(name, text)?;
    value.set_sensitive(true);
    Ok(value)
}
