//! The external authentication types that have rules of their own: `google`, `microsoft`, `mobile`.

use serde_json::{Map, Value, json};

use super::external::{forget, replace, store, stored};
use crate::call::Call;
use crate::errors::{self, Outcome};
use crate::http::{Answer, form_encode};
use crate::passwords::random_text;
use crate::validate::{Field, Kind, Rule, load_for};

/// An OAuth2 provider.
struct Provider {
    kind: &'static str,
    authorization_url: &'static str,
    scopes: &'static [&'static str],
    /// What it wants to be told besides, as the end of the query.
    extra: &'static str,
}

const GOOGLE: Provider = Provider {
    kind: "google",
    authorization_url: "https://accounts.google.com/o/oauth2/v2/auth",
    scopes: &["https://www.googleapis.com/auth/userinfo.profile", "https://www.googleapis.com/auth/contacts"],
    extra: "&access_type=offline&prompt=consent",
};

const MICROSOFT: Provider = Provider {
    kind: "microsoft",
    authorization_url: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    scopes: &["offline_access", "Contacts.Read"],
    extra: "",
};

pub fn get_google(call: &mut Call) -> Outcome {
    get_token(call, &GOOGLE)
}

pub fn get_microsoft(call: &mut Call) -> Outcome {
    get_token(call, &MICROSOFT)
}

pub fn authorize_google(call: &mut Call) -> Outcome {
    authorize(call, &GOOGLE)
}

pub fn authorize_microsoft(call: &mut Call) -> Outcome {
    authorize(call, &MICROSOFT)
}

pub fn delete_google(call: &mut Call) -> Outcome {
    delete(call, GOOGLE.kind)
}

pub fn delete_microsoft(call: &mut Call) -> Outcome {
    delete(call, MICROSOFT.kind)
}

pub fn delete_mobile(call: &mut Call) -> Outcome {
    delete(call, "mobile")
}

fn delete(call: &mut Call, kind: &str) -> Outcome {
    forget(call, kind)?;
    Ok(Answer::no_content())
}

/// What the provider gave, without its refresh token.
fn get_token(call: &mut Call, provider: &Provider) -> Outcome {
    let data = stored(call, provider.kind)?;
    let shown: Map<String, Value> = ["scope", "access_token", "token_expiration"]
        .into_iter()
        .filter_map(|key| Some((key.to_string(), data.get(key)?.clone())))
        .collect();
    Ok(Answer::ok(&shown.into()))
}

/// Where the user is to go to consent.
fn authorize(call: &mut Call, provider: &Provider) -> Outcome {
    const FIELDS: [Field; 1] = [Field::new("scope", Kind::Texts(&[]))];
    let given = load_for("users", &FIELDS, &call.json()?)?;
    let config = call.state.external_config(&call.tenant, provider.kind);
    let config = config.ok_or_else(|| errors::unknown_external_config(provider.kind))?;
    let client_id = config.data["client_id"].as_str().unwrap_or_default();
    let user = call.part("user");
    call.state.users.get(&user).ok_or_else(|| errors::unknown_user(&user))?;
    let wanted: Vec<&str> =
        given.get("scope").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let scopes = if wanted.is_empty() { provider.scopes } else { &wanted };
    let state = random_text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 30);
    let back = call.state.settings.oauth2_redirect_url_template.replace("{auth_type}", provider.kind);
    let url = format!(
        "{}?response_type=code&client_id={}&redirect_uri={}&scope={}&state={state}{}",
        provider.authorization_url,
        form_encode(client_id),
        form_encode(&back),
        form_encode(&scopes.join(" ")),
        provider.extra,
    );
    let scopes = scopes.iter().map(ToString::to_string).collect();
    call.state.await_consent(&state, &user, provider.kind, scopes);
    Ok(Answer::json(201, &json!({"authorization_url": url, "state": state})))
}

const SHORT: Rule = Rule::Length { min: None, max: Some(512) };

const MOBILE: [Field; 6] = [
    Field::new("token", Kind::Text).length(1, 512).nullable(),
    Field::new("apns_token", Kind::Text).rule(SHORT).nullable(),
    Field::new("apns_voip_token", Kind::Text).rule(SHORT).nullable(),
    Field::new("apns_notification_token", Kind::Text).rule(SHORT).nullable(),
    Field::new("apns_call_topic", Kind::Text).rule(SHORT).nullable(),
    Field::new("apns_default_topic", Kind::Text).rule(SHORT).nullable(),
];

/// All six keys, null where there is nothing.
fn whole_mobile(data: &Map<String, Value>) -> Map<String, Value> {
    MOBILE.iter().map(|field| (field.name.to_string(), data.get(field.name).cloned().unwrap_or_default())).collect()
}

/// `GET /users/{user}/external/mobile`.
pub fn get_mobile(call: &mut Call) -> Outcome {
    Ok(Answer::ok(&whole_mobile(&stored(call, "mobile")?).into()))
}

/// `POST /users/{user}/external/mobile`.
pub fn create_mobile(call: &mut Call) -> Outcome {
    let data = whole_mobile(&load_for("users", &MOBILE, &call.json()?)?);
    store(call, "mobile", data.clone())?;
    Ok(Answer::json(201, &data.into()))
}

/// `PUT /users/{user}/external/mobile`: makes it where there is none.
pub fn edit_mobile(call: &mut Call) -> Outcome {
    let data = whole_mobile(&load_for("users", &MOBILE, &call.json()?)?);
    if stored(call, "mobile").is_ok() {
        replace(call, "mobile", data.clone())?;
    } else {
        store(call, "mobile", data.clone())?;
    }
    Ok(Answer::ok(&data.into()))
}

/// `GET /users/{user}/external/mobile/sender_id`.
pub fn sender_id(call: &mut Call) -> Outcome {
    let config = call.state.external_config(&call.tenant, "mobile");
    let config = config.ok_or_else(|| errors::unknown_external_config("mobile"))?;
    Ok(Answer::ok(&json!({"sender_id": config.data["fcm_sender_id"]})))
}
