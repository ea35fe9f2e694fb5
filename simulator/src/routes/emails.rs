//! The addresses of users, and their confirmation by mail.

use serde_json::{Map, Value, json};

use super::passwords::{base_url, link};
use crate::call::Call;
use crate::errors::{self, Failure, Outcome, detailed};
use crate::http::Answer;
use crate::own_tokens::create_for_mail;
use crate::passwords::new_uuid;
use crate::rows::{Email, Mail};
use crate::validate::{Field, Kind, load};

const BY_USER: &[Field] = &[Field::new("address", Kind::Email).required(), Field::new("main", Kind::Boolean)];

const BY_ADMIN: &[Field] = &[
    Field::new("address", Kind::Email).required(),
    Field::new("confirmed", Kind::Boolean).nullable(),
    Field::new("main", Kind::Boolean),
];

/// `PUT /users/{user}/emails`: a new address is to be confirmed; a known one keeps what it is.
pub fn edit(call: &mut Call) -> Outcome {
    change(call, false)
}

/// `PUT /admin/users/{user}/emails`: says too what is confirmed.
pub fn edit_as_admin(call: &mut Call) -> Outcome {
    change(call, true)
}

fn change(call: &mut Call, by_admin: bool) -> Outcome {
    let fields = [Field::new("emails", Kind::Objects(if by_admin { BY_ADMIN } else { BY_USER })).required()];
    let invalid =
        |errors: Map<String, Value>| detailed(400, Value::Object(errors), "invalid-data", json!({}), "emails");
    let given = load(&fields, &call.json()?).map_err(invalid)?;
    let wanted: Vec<&Value> = given["emails"].as_array().into_iter().flatten().collect();
    let address = |email: &Value| email["address"].as_str().unwrap_or_default().to_string();
    check_together(&wanted).map_err(|problems| invalid(Map::from_iter([("_schema".to_string(), json!(problems))])))?;
    let uuid = call.part("user");
    let known = call.state.users.get(&uuid).ok_or_else(|| errors::unknown_user(&uuid))?.emails.clone();
    if let Some(taken) = wanted.iter().map(|email| address(email)).find(|a| call.state.login_taken(a, Some(&uuid))) {
        return Err(errors::login_in_use("email_address", &taken));
    }
    let emails: Vec<Email> = wanted
        .iter()
        .map(|email| {
            let old = known.iter().find(|old| old.address == address(email));
            let said = email["confirmed"].as_bool().filter(|_| by_admin);
            Email {
                uuid: old.map_or_else(new_uuid, |old| old.uuid.clone()),
                address: address(email),
                main: email["main"].as_bool().unwrap_or_default(),
                confirmed: said.or(old.map(|old| old.confirmed)).unwrap_or_default(),
            }
        })
        .collect();
    let shown: Vec<Value> = emails
        .iter()
        .map(|email| {
            json!({"address": email.address, "confirmed": email.confirmed, "main": email.main, "uuid": email.uuid})
        })
        .collect();
    call.state.change_user(&uuid, |user| user.emails = emails);
    Ok(Answer::ok(&shown.into()))
}

fn check_together(emails: &[&Value]) -> Result<(), Vec<&'static str>> {
    let mut problems = Vec::new();
    let mut addresses: Vec<&str> = emails.iter().filter_map(|email| email["address"].as_str()).collect();
    addresses.sort_unstable();
    if addresses.windows(2).any(|pair| pair[0] == pair[1]) {
        problems.push("The same address can only be used once");
    }
    match emails.iter().filter(|email| email["main"] == true).count() {
        0 if !emails.is_empty() => problems.push("At least one address should be main"),
        0 | 1 => {}
        _ => problems.push("Only one address should be main"),
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// `GET /users/{user}/emails/{email}/confirm`: sends the mail.
pub fn send_confirmation(call: &mut Call) -> Outcome {
    let (user_uuid, uuid) = (call.part("user"), call.part("email"));
    let user = call.state.users.get(&user_uuid).ok_or_else(|| errors::unknown_user(&user_uuid))?;
    let email = user.emails.iter().find(|email| email.uuid == uuid).ok_or_else(|| errors::unknown_email(&uuid))?;
    if email.confirmed {
        let message = format!("This email already confirmed: \"{uuid}\"");
        return Err(detailed(409, message, "conflict", json!({"uuid": uuid}), "emails"));
    }
    mail_confirmation(call, &user_uuid, &uuid);
    Ok(Answer::no_content())
}

/// Mails the token that confirms an address.
pub fn mail_confirmation(call: &mut Call, user_uuid: &str, email_uuid: &str) {
    let Some(user) = call.state.users.get(user_uuid).cloned() else { return };
    let Some(email) = user.emails.iter().find(|email| email.uuid == email_uuid) else { return };
    let token = create_for_mail(&mut call.state, format!("auth.emails.{email_uuid}.confirm.edit"));
    let url = format!("{}/0.1/emails/{email_uuid}/confirm?token={token}", base_url(call.request));
    let name = user.username.as_deref().unwrap_or("None");
    let settings = &call.state.settings;
    let mail = Mail {
        kind: "email_confirmation".into(),
        from_name: settings.email_confirmation_from_name.clone(),
        from_address: settings.email_confirmation_from_address.clone(),
        to: email.address.clone(),
        username: user.username.clone(),
        user_uuid: user_uuid.into(),
        email_uuid: Some(email_uuid.into()),
        token,
        sent_at: call.state.now(),
        subject: format!("Email confirmation for {name}"),
        body: format!("username: {name}\n\nConfirm your address:\n\n{}\n", link(&url)),
        url,
    };
    call.state.send(mail);
}

fn set_confirmed(call: &mut Call) -> Result<(), Failure> {
    let uuid = call.part("email");
    let has = |user: &&crate::rows::User| user.emails.iter().any(|email| email.uuid == uuid);
    let user = call.state.users.values().find(has).map(|user| user.uuid.clone());
    let user = user.ok_or_else(|| errors::unknown_email(&uuid))?;
    call.state.change_user(&user, |user| {
        for email in user.emails.iter_mut().filter(|email| email.uuid == uuid) {
            email.confirmed = true;
        }
    });
    Ok(())
}

/// `PUT /emails/{email}/confirm`.
pub fn confirm(call: &mut Call) -> Outcome {
    set_confirmed(call).map(|()| Answer::no_content())
}

/// `GET /emails/{email}/confirm`: what the link in the mail opens.
pub fn confirm_page(call: &mut Call) -> Outcome {
    set_confirmed(call)?;
    let page = &call.state.settings.email_confirmation_page;
    Ok(Answer::text(200, page.content_type.clone(), &page.body))
}
