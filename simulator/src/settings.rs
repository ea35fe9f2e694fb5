//! How a simulated installation is set up: limits, speeds, the clock, plug-ins. What `/_simulator/settings` shows and takes.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ldap::Directory;

/// How this installation is set up; by default as the one that the exchanges were recorded with, without its user
/// registration. `PUT /_simulator/settings` takes any part of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rounds of PBKDF2 for new passwords; the real server takes 250000.
    pub password_rounds: u32,
    /// A login that finds this many sessions of its user is refused (429).
    pub max_user_concurrent_sessions: usize,
    /// Whether `POST /users/register` exists.
    pub user_registration: bool,
    /// Seconds since 1970 at which time stands still; null: the real time.
    pub now: Option<f64>,
    /// What `HEAD /status` answers: true 200, false 503.
    pub status_ok: bool,
    pub default_token_lifetime: i64,
    pub xivo_uuid: String,
    /// The slug of the policy that every user has, whatever its purpose; none: no such policy.
    pub default_user_policy: Option<String>,
    /// Slugs of the policies of every tenant's `wazo-all-users-tenant-...` group.
    pub all_users_policies: Vec<String>,
    /// Groups that every tenant has: slug to name and policy slugs.
    #[serde(with = "object")]
    pub default_groups: IndexMap<String, DefaultGroup>,
    /// Which plug-ins add to the metadata of tokens: a purpose of users to plug-ins.
    #[serde(with = "object")]
    pub purpose_metadata_mapping: IndexMap<String, Vec<Plugin>>,
    /// The external authentication types besides `google`, `microsoft` and `mobile`: type to `plugin_info`.
    #[serde(with = "object")]
    pub external_types: IndexMap<String, Value>,
    /// Those of them that add a random `state` to what a user stores, as OAuth2 types do.
    pub external_types_with_state: Vec<String>,
    /// What a list of a user's external authentication shows of the data: type to keys. Nothing of other types.
    #[serde(with = "object")]
    pub external_safe_data: IndexMap<String, Vec<String>>,
    /// Where the OAuth2 providers send the user back to; `{auth_type}` is the type.
    pub oauth2_redirect_url_template: String,
    /// What `GET /backends` answers.
    pub backends: Vec<String>,
    /// What `GET /idp` answers.
    pub idps: Vec<String>,
    /// The directory of the LDAP servers of tenants: address to password, or DN to an entry.
    #[serde(with = "object")]
    pub ldap_users: Directory,
    /// Keep the last 1000 requests for `GET /_simulator/requests`.
    pub log_requests: bool,
    /// Who sends the mails, by the names that wazo-auth's configuration has for it.
    pub email_confirmation_from_name: String,
    pub email_confirmation_from_address: String,
    pub password_reset_from_name: String,
    pub password_reset_from_address: String,
    /// What the link in a confirmation mail shows; an installation has a template of its own for it.
    pub email_confirmation_page: Page,
}

/// The plug-ins that `settings.purpose_metadata_mapping` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plugin {
    /// `admin`: whether the user has the policy `wazo_default_admin_policy` or is in the group `wazo_default_admin_group`.
    UserAdminStatus,
    /// `internal_token_is_valid`: whether a token that the server makes for itself is live.
    InternalToken,
    /// `persistent`: a text that is drawn with a refresh token and is in every token made with that.
    Persistent,
}

/// A page that a browser is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Page {
    pub content_type: String,
    pub body: String,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            content_type: "text/html; charset=utf-8".into(),
            body: "<!doctype html>\n<html><body><p>Your email has been confirmed.</p></body></html>\n".into(),
        }
    }
}

/// A group of `settings.default_groups`. Without a name, its slug is the name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DefaultGroup {
    pub name: String,
    pub policies: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        Self {
            password_rounds: 1_000,
            max_user_concurrent_sessions: 100,
            user_registration: false,
            now: None,
            status_ok: true,
            default_token_lifetime: 7200,
            xivo_uuid: "the-predefined-xivo-uuid".into(),
            default_user_policy: Some("wazo_default_user_policy".into()),
            all_users_policies: words(&["wazo-all-users-policy"]),
            default_groups: IndexMap::new(),
            purpose_metadata_mapping: IndexMap::new(),
            external_types: IndexMap::from([
                ("bar".to_string(), serde_json::json!({"foo": "bar"})),
                ("foo".to_string(), serde_json::json!({})),
            ]),
            external_types_with_state: words(&["foo"]),
            external_safe_data: IndexMap::from([("bar".to_string(), words(&["scope"]))]),
            oauth2_redirect_url_template: "https://oauth.wazo.io/{auth_type}/authorize".into(),
            backends: words(&["broken_init", "broken_verify_password", "ldap_user", "wazo_user"]),
            idps: words(&["default", "saml", "ldap", "native", "broken_verify_auth", "broken_can_authenticate"]),
            ldap_users: IndexMap::new(),
            log_requests: true,
            email_confirmation_from_name: "wazo-auth".into(),
            email_confirmation_from_address: "noreply@wazo.community".into(),
            password_reset_from_name: "wazo-auth".into(),
            password_reset_from_address: "noreply@wazo.community".into(),
            email_confirmation_page: Page::default(),
        }
    }
}

/// An ordered map as a JSON object. indexmap could do it itself, by a feature that the library's has not: indexmap, and
/// h2 on it, would be built once more for the simulator.
mod object {
    use std::fmt;
    use std::marker::PhantomData;

    use indexmap::IndexMap;
    use serde::de::{MapAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(map: &IndexMap<String, T>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(map)
    }

    pub fn deserialize<'de, T, D>(from: D) -> Result<IndexMap<String, T>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        from.deserialize_map(Object(PhantomData))
    }

    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = IndexMap<String, T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = IndexMap::new();
            while let Some((key, value)) = access.next_entry()? {
                map.insert(key, value);
            }
            Ok(map)
        }
    }
}
