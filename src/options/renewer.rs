//! The options of a renewer: which token it asks for, and when it renews it.

use super::parse::{boolean, number, secret, text};
use super::service::{ServiceOption, ServiceSettings};
use crate::error::{Error, Result, shown};
use crate::secret::Secret;

/// The settings of a renewer.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "four options that are set apart from each other")]
pub struct RenewerSettings {
    pub renew_at_percent: u32,
    pub expiration_s: Option<u64>,
    pub refresh_token: Option<Secret>,
    pub client_id: Option<String>,
    pub offline: bool,
    pub mobile: bool,
    pub saml_session_id: Option<Secret>,
    pub domain_name: Option<String>,
    pub tenant_id: Option<String>,
    pub revoke_replaced: bool,
}

impl RenewerSettings {
    /// Whether they go together; what is wrong is named.
    pub fn check(&self) -> Result<()> {
        let needs_client_id = self.offline || self.refresh_token.is_some();
        if needs_client_id && self.client_id.is_none() {
            return Err(Error::invalid("option client_id: it is required with offline and with refresh_token"));
        }
        if self.domain_name.is_some() && self.tenant_id.is_some() {
            return Err(Error::invalid("option tenant_id: give either tenant_id or domain_name, not both"));
        }
        Ok(())
    }
}

/// A whole number within bounds.
fn bounded(key: &str, value: &str, least: u64, most: u64, what: &str) -> Result<u64> {
    let expected = format!("{what} from {least} to {most}");
    let given: u64 = number(key, value, &expected)?;
    if (least..=most).contains(&given) {
        return Ok(given);
    }
    Err(Error::invalid(format!("option {key}: expected {expected}, got {}", shown(value))))
}

impl ServiceSettings for RenewerSettings {
    const OPTIONS: &'static [ServiceOption<Self>] = &[
        ServiceOption {
            name: "renew_at_percent",
            put: |key, value, to| {
                to.renew_at_percent = u32::try_from(bounded(key, value, 1, 95, "a percentage")?).unwrap_or(80);
                Ok(())
            },
            default: "80",
            doc: "When the token is renewed, as a share of its life in percent: 1 to 95; earlier at random by up to a tenth.",
        },
        ServiceOption {
            name: "expiration_s",
            put: |key, value, to| {
                to.expiration_s = match value {
                    "" => None,
                    value => Some(bounded(key, value, 1, 315_360_000, "a number of seconds")?),
                };
                Ok(())
            },
            default: "",
            doc: "The lifetime to ask for, in seconds: 1 to 315360000. The server's default is 7200.",
        },
        ServiceOption {
            name: "refresh_token",
            put: |_, value, to| {
                to.refresh_token = secret(value);
                Ok(())
            },
            default: "",
            doc: "A refresh token to log in with, in place of a user name and password; with its `client_id`. If the server \
                  refuses it, the user name and password of the client are used, if set.",
        },
        ServiceOption {
            name: "client_id",
            put: |_, value, to| {
                to.client_id = text(value);
                Ok(())
            },
            default: "",
            doc: "The application's name; required with `offline` and with `refresh_token`.",
        },
        ServiceOption {
            name: "offline",
            put: |key, value, to| boolean(key, value).map(|value| to.offline = value),
            default: "false",
            doc: "Whether to ask for a refresh token as well, and to renew with it: a session that needs the password once. \
                  `wazo_auth_renewer_set_on_refresh_token` gives it to whoever stores it.",
        },
        ServiceOption {
            name: "mobile",
            put: |key, value, to| boolean(key, value).map(|value| to.mobile = value),
            default: "false",
            doc: "Whether this is a mobile session. An offline mobile login ends the user's other mobile sessions.",
        },
        ServiceOption {
            name: "saml_session_id",
            put: |_, value, to| {
                to.saml_session_id = secret(value);
                Ok(())
            },
            default: "",
            doc: "The session that `saml.sso` began, to log in with once; with `offline`, the refresh token renews it.",
        },
        ServiceOption {
            name: "domain_name",
            put: |_, value, to| {
                to.domain_name = text(value);
                Ok(())
            },
            default: "",
            doc: "A domain of the tenant whose LDAP or SAML users log in; not together with `tenant_id`.",
        },
        ServiceOption {
            name: "tenant_id",
            put: |_, value, to| {
                to.tenant_id = text(value);
                Ok(())
            },
            default: "",
            doc: "The UUID or slug of that tenant.",
        },
        ServiceOption {
            name: "revoke_replaced",
            put: |key, value, to| boolean(key, value).map(|value| to.revoke_replaced = value),
            default: "false",
            doc: "Whether a token is revoked when another has taken its place: 10 s later, or after half of what is left of \
                  its life, for calls that still use it. Never a token that another process has got.",
        },
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_do_not_go_together_are_refused() {
        let check = |json: &str| RenewerSettings::from_json(json).and_then(|settings| settings.check());
        assert!(check(r#"{"offline": true, "client_id": "phone", "expiration_s": 60}"#).is_ok());
        for (json, part) in [
            (r#"{"offline": true}"#, "client_id"),
            (r#"{"refresh_token": "x"}"#, "client_id"),
            (r#"{"domain_name": "a", "tenant_id": "b"}"#, "not both"),
            (r#"{"renew_at_percent": 96}"#, "from 1 to 95"),
            (r#"{"expiration_s": 0}"#, "from 1 to 315360000"),
        ] {
            let error = check(json).unwrap_err();
            assert!(error.message.contains(part), "{json}: {}", error.message);
        }
    }

    #[test]
    fn its_secrets_are_not_shown() {
        let settings = RenewerSettings::from_json(r#"{"refresh_token": "s3cr3t", "client_id": "x"}"#).unwrap();
        assert!(!format!("{settings:?}").contains("s3cr3t"));
    }
}
