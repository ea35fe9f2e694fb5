//! Passwords: changed by their owner, or reset by mail.

use serde_json::{Value, json};

use crate::call::{Call, check_token};
use crate::errors::{self, Failure, Outcome, detailed};
use crate::http::{Answer, Request};
use crate::own_tokens::create_for_mail;
use crate::passwords;
use crate::rows::{Email, Mail, User};
use crate::validate::{Field, Kind, Rule, first_error, load, load_for};

const NOT_EMPTY: Rule = Rule::Length { min: Some(1), max: None };

/// `PUT /users/{user}/password`: ends the user's sessions, the caller's own too.
pub fn change(call: &mut Call) -> Outcome {
    const FIELDS: [Field; 2] = [
        Field::new("old_password", Kind::Text).rule(NOT_EMPTY).required(),
        Field::new("new_password", Kind::Text).rule(NOT_EMPTY).required(),
    ];
    let given = load_for("users", &FIELDS, &call.json()?)?;
    let uuid = call.part("user");
    let user = native_user(call, &uuid)?;
    // The real server checks the old password by a login: without one, nothing is right.
    let is_login = |email: &Email| email.main && email.confirmed;
    if user.username.as_ref().is_none_or(String::is_empty) && !user.emails.iter().any(is_login) {
        return Err(errors::authentication_failed());
    }
    let (old, new) = (text(&given["old_password"]), text(&given["new_password"]));
    let hashed = user.password_hash.unwrap_or_default();
    let rounds = call.state.settings.password_rounds;
    let changed = call.state.unlocked(|| passwords::verify(&old, &hashed).then(|| passwords::hash(&new, rounds)));
    let changed = changed.ok_or_else(errors::authentication_failed)?;
    call.state.change_user(&uuid, |user| user.password_hash = Some(changed));
    call.state.end_sessions_of(&uuid);
    Ok(Answer::no_content())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

/// The user, whose password must be kept here and not by another provider.
fn native_user(call: &Call, uuid: &str) -> Result<User, Failure> {
    let user = call.state.users.get(uuid).ok_or_else(|| errors::unknown_user(uuid))?;
    if call.state.authentication_method(user) == "native" {
        Ok(user.clone())
    } else {
        Err(errors::password_managed_elsewhere(uuid))
    }
}

/// `GET /users/password/reset`: the same answer whether there is such a user or not.
pub fn send_reset(call: &mut Call) -> Outcome {
    const FIELDS: [Field; 3] = [
        Field::new("username", Kind::Text).length(1, 256),
        Field::new("email", Kind::Email),
        Field::new("login", Kind::Text).length(1, 256),
    ];
    let query = call.request.query.iter().map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect();
    let given = load(&FIELDS, &Value::Object(query)).map_err(|errors| reset_failure(&errors))?;
    if given.len() != 1 {
        let message = json!(["\"username\" or \"email\" or \"login\" should be used"]);
        return Err(detailed(400, message, "invalid-data", json!({}), "reset"));
    }
    let wanted = |key: &str| given.get(key).and_then(Value::as_str).map(str::to_lowercase);
    let is_name = |user: &User, name: &str| user.username.as_ref().is_some_and(|own| own.to_lowercase() == name);
    let has_address =
        |user: &User, address: &str| user.emails.iter().any(|email| email.address.to_lowercase() == address);
    let user = if let Some(name) = wanted("username") {
        call.state.users.values().find(|user| is_name(user, &name))
    } else if let Some(address) = wanted("email") {
        call.state.users.values().find(|user| has_address(user, &address))
    } else {
        wanted("login").and_then(|login| call.state.user_by_login(&login))
    };
    let Some(user) = user.filter(|user| call.state.authentication_method(user) == "native").cloned() else {
        return Ok(Answer::no_content());
    };
    let main = user.emails.iter().find(|email| email.main && email.confirmed);
    let own = main.or_else(|| user.emails.iter().find(|email| email.confirmed)).map(|email| email.address.clone());
    let to = given.get("email").and_then(Value::as_str).map(String::from).or(own);
    if let Some(to) = to {
        let token = create_for_mail(&mut call.state, format!("auth.users.password.reset.{}.create", user.uuid));
        let url = format!("{}/0.1/users/password/reset?user_uuid={}&token={token}", base_url(call.request), user.uuid);
        let name = user.username.as_deref().unwrap_or("None");
        let settings = &call.state.settings;
        let mail = Mail {
            kind: "password_reset".into(),
            from_name: settings.password_reset_from_name.clone(),
            from_address: settings.password_reset_from_address.clone(),
            to,
            username: user.username.clone(),
            user_uuid: user.uuid.clone(),
            email_uuid: None,
            sent_at: call.state.now(),
            subject: "Password reset".into(),
            body: format!("username: {name}\nuser_uuid: {}\ntoken: {token}\nurl: {}\n", user.uuid, link(&url)),
            token,
            url,
        };
        call.state.send(mail);
    }
    Ok(Answer::no_content())
}

/// The real server leaves the details of these out.
fn reset_failure(problems: &crate::validate::Errors) -> Failure {
    errors::with_details(first_error("reset", problems), |_| json!({}))
}

/// A link as mails have it: the real server is behind a proxy, and names HTTPS whatever it is reached by.
pub fn link(url: &str) -> String {
    url.split_once("://").map_or_else(|| url.to_string(), |(_, rest)| format!("https://{rest}"))
}

/// Where the client reached the server, as far as it tells.
pub fn base_url(request: &Request) -> String {
    let or = |name: &str, fallback: &str| {
        let value = request.header(name);
        if value.is_empty() { fallback.to_string() } else { value.to_string() }
    };
    let scheme = or("X-Forwarded-Proto", if request.tls { "https" } else { "http" });
    format!("{scheme}://{}{}", or("Host", "localhost"), request.header("X-Script-Name"))
}

/// `POST /users/password/reset`: the token of the mail is the permission. Ends the user's sessions.
pub fn reset(call: &mut Call) -> Outcome {
    const FIELDS: [Field; 1] = [Field::new("password", Kind::Text).rule(NOT_EMPTY).required().nullable()];
    let uuid = call.request.parameter("user_uuid").unwrap_or("None").to_string();
    let body = call.json();
    let access = format!("auth.users.password.reset.{uuid}.create");
    // An empty body is told before the token, as recorded.
    let body = body?;
    // It tells no more of a token that does not do than which one it was.
    check_token(call.request, &call.state, Some(&access)).map_err(|failure| {
        errors::with_details(failure, |details| json!({"invalid_token": details["invalid_token"]}))
    })?;
    let given = load(&FIELDS, &body).map_err(|errors| reset_failure(&errors))?;
    native_user(call, &uuid)?;
    let rounds = call.state.settings.password_rounds;
    let password = given["password"].as_str();
    let hashed = password.map(|password| call.state.unlocked(|| passwords::hash(password, rounds)));
    call.state.change_user(&uuid, |user| user.password_hash = hashed);
    call.state.end_sessions_of(&uuid);
    Ok(Answer::no_content())
}
