//! Users.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::Call;
use crate::errors::{self, Failure, Outcome, detailed};
use crate::http::Answer;
use crate::listing::{self, Columns, List, compare_texts};
use crate::passwords::{self, new_uuid};
use crate::state::{Email, State, User};
use crate::validate::{Field, Kind, Rule, load_for};

const COLUMNS: Columns = Columns(&["username", "firstname", "lastname"]);

const PURPOSES: &[&str] = &["user", "internal", "external_api"];

const NEW: [Field; 9] = [
    Field::new("uuid", Kind::Uuid),
    Field::new("username", Kind::Text).length(1, 256).nullable(),
    Field::new("password", Kind::Text).rule(Rule::Length { min: Some(1), max: None }).nullable(),
    Field::new("firstname", Kind::Text).nullable(),
    Field::new("lastname", Kind::Text).nullable(),
    Field::new("purpose", Kind::Text).rule(Rule::OneOf(PURPOSES)),
    Field::new("email_address", Kind::Email).nullable(),
    Field::new("enabled", Kind::Boolean),
    Field::new("authentication_method", Kind::Text),
];

const EDITED: [Field; 6] = [
    Field::new("username", Kind::Text).length(1, 256).nullable(),
    Field::new("firstname", Kind::Text).nullable(),
    Field::new("lastname", Kind::Text).nullable(),
    Field::new("purpose", Kind::Text).rule(Rule::OneOf(PURPOSES)),
    Field::new("enabled", Kind::Boolean),
    Field::new("authentication_method", Kind::Text),
];

const REGISTERED: [Field; 5] = [
    Field::new("username", Kind::Text).length(1, 256),
    Field::new("password", Kind::Text).rule(Rule::Length { min: Some(1), max: None }).required(),
    Field::new("firstname", Kind::Text).nullable(),
    Field::new("lastname", Kind::Text).nullable(),
    Field::new("email_address", Kind::Email).required(),
];

/// A user as lists and look-ups show it.
pub fn show(user: &User) -> Value {
    json!({
        "username": user.username,
        "uuid": user.uuid,
        "enabled": user.enabled,
        "emails": emails(user),
        "firstname": user.firstname,
        "lastname": user.lastname,
        "purpose": user.purpose,
        "tenant_uuid": user.tenant_uuid,
        "authentication_method": user.authentication_method,
    })
}

/// A user as its creation answers it: the same keys in another order.
fn show_new(user: &User) -> Value {
    json!({
        "uuid": user.uuid,
        "username": user.username,
        "firstname": user.firstname,
        "lastname": user.lastname,
        "purpose": user.purpose,
        "emails": emails(user),
        "enabled": user.enabled,
        "tenant_uuid": user.tenant_uuid,
        "authentication_method": user.authentication_method,
    })
}

fn emails(user: &User) -> Vec<Value> {
    let show = |email: &Email| json!({"uuid": email.uuid, "address": email.address, "confirmed": email.confirmed, "main": email.main});
    user.emails.iter().map(show).collect()
}

/// The order of users by a column.
pub fn compare(one: &User, other: &User, column: &str) -> std::cmp::Ordering {
    let text = |user: &'_ User| -> Option<String> {
        match column {
            "firstname" => user.firstname.clone(),
            "lastname" => user.lastname.clone(),
            _ => user.username.clone(),
        }
    };
    compare_texts(text(one).as_deref(), text(other).as_deref())
}

/// What a list of users is narrowed to, by its query.
pub struct Filter<'a> {
    call: &'a Call<'a>,
    pattern: Option<listing::Pattern>,
    policy_uuid: Option<String>,
    has_policy_uuid: Option<String>,
    /// Groups that hold the policy of `has_policy_...`.
    groups: HashSet<String>,
}

impl<'a> Filter<'a> {
    pub fn new(call: &'a Call<'a>, list: &List) -> Self {
        let by_slug = |slug: &str| {
            let policy = call.state.policies.values().find(|policy| policy.slug == slug);
            // A slug that nobody has is one that no user has.
            policy.map_or_else(|| "none".to_string(), |policy| policy.uuid.clone())
        };
        let parameter = |name: &str| call.request.parameter(name);
        let policy_uuid = parameter("policy_uuid").map(String::from).or_else(|| parameter("policy_slug").map(by_slug));
        let has_policy_uuid =
            parameter("has_policy_uuid").map(String::from).or_else(|| parameter("has_policy_slug").map(by_slug));
        let groups = match &has_policy_uuid {
            None => HashSet::new(),
            Some(policy) => {
                let holds = |group: &&crate::state::Group| group.policies.contains(policy);
                call.state.groups.values().filter(holds).map(|group| group.uuid.clone()).collect()
            }
        };
        Self { call, pattern: list.pattern(), policy_uuid, has_policy_uuid, groups }
    }

    pub fn passes(&self, user: &User) -> bool {
        let is = |name: &str, value: Option<&str>| {
            self.call.request.parameter(name).is_none_or(|wanted| value == Some(wanted))
        };
        let found = self.pattern.as_ref().is_none_or(|pattern| {
            let addresses = user.emails.iter().map(|email| Some(email.address.as_str()));
            let names = [user.firstname.as_deref(), user.lastname.as_deref(), user.username.as_deref()];
            names.into_iter().chain(addresses).flatten().any(|text| pattern.matches(text))
        });
        let address = self.call.request.parameter("email_address");
        found
            && is("uuid", Some(&user.uuid))
            && is("username", user.username.as_deref())
            && is("firstname", user.firstname.as_deref())
            && is("lastname", user.lastname.as_deref())
            && is("purpose", Some(&user.purpose))
            && address.is_none_or(|wanted| user.emails.iter().any(|email| email.address == wanted))
            && self.call.request.parameter("group_uuid").is_none_or(|group| user.groups.iter().any(|own| own == group))
            && self.policy_uuid.as_ref().is_none_or(|policy| user.policies.contains(policy))
            && self.has_policy_uuid.as_ref().is_none_or(|policy| {
                user.policies.contains(policy) || user.groups.iter().any(|group| self.groups.contains(group))
            })
    }
}

/// `GET /users`.
pub fn list(call: &mut Call) -> Outcome {
    let list = List::from_request(call.request, &COLUMNS)?;
    let tenants = call.tenants(list.recurse);
    let filter = Filter::new(call, &list);
    let mut total = 0;
    let mut rows = Vec::new();
    for user in call.state.users.values().filter(|user| tenants.contains(&user.tenant_uuid)) {
        total += 1;
        if filter.passes(user) {
            rows.push(user);
        }
    }
    let filtered = rows.len();
    let page = list.page(rows, |one, other, column| compare(one, other, column));
    Ok(Answer::ok(&listing::answer(total, filtered, page.into_iter().map(show).collect())))
}

fn check_method(state: &State, given: &Map<String, Value>) -> Result<(), Failure> {
    let Some(method) = given.get("authentication_method").and_then(Value::as_str) else { return Ok(()) };
    if state.settings.idps.iter().any(|known| known == method) {
        return Ok(());
    }
    let message = format!("Invalid authentication method {method}");
    Err(detailed(400, message, "invalid-data", json!({"authentication_method": method}), "users"))
}

fn text(given: &Map<String, Value>, key: &str) -> Option<String> {
    given.get(key).and_then(Value::as_str).map(String::from)
}

/// How a user logs in that says nothing of it: programs by password, whatever their tenant does.
fn usual_method(given: &Map<String, Value>) -> String {
    match given.get("purpose").and_then(Value::as_str) {
        Some("internal" | "external_api") => "native".into(),
        _ => "default".into(),
    }
}

/// `POST /users`.
pub fn create(call: &mut Call) -> Outcome {
    let given = load_for("users", &NEW, &call.json()?)?;
    check_method(&call.state, &given)?;
    let tenant = call.tenant.clone();
    add(call, &given, tenant, true)
}

/// `POST /users/register`: a user with a tenant of its own, whose address is to be confirmed.
pub fn register(call: &mut Call) -> Outcome {
    let given = load_for("users", &REGISTERED, &call.json()?)?;
    check_logins(&call.state, &given)?;
    let top = call.state.top_tenant();
    let tenant = super::tenants::add_plain(&mut call.state, &top, None);
    let answer = add(call, &given, tenant, false)?;
    let created: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if let (Some(user), Some(email)) = (created["uuid"].as_str(), created["emails"][0]["uuid"].as_str()) {
        super::emails::mail_confirmation(call, user, email);
    }
    Ok(answer)
}

fn check_logins(state: &State, given: &Map<String, Value>) -> Result<(), Failure> {
    for column in ["username", "email_address"] {
        if let Some(login) = text(given, column).filter(|login| state.login_taken(login, None)) {
            return Err(errors::login_in_use(column, &login));
        }
    }
    Ok(())
}

fn add(call: &mut Call, given: &Map<String, Value>, tenant_uuid: String, confirmed: bool) -> Outcome {
    check_logins(&call.state, given)?;
    let uuid = text(given, "uuid").unwrap_or_else(new_uuid);
    if call.state.users.contains_key(&uuid) {
        return Err(errors::conflict("users", "uuid", &format!("The uuid \"{uuid}\" is already used")));
    }
    let rounds = call.state.settings.password_rounds;
    let password_hash =
        text(given, "password").map(|password| call.state.unlocked(|| passwords::hash(&password, rounds)));
    // Another call may have taken the login while the password was hashed.
    check_logins(&call.state, given)?;
    let email = |address: String| Email { uuid: new_uuid(), address, main: true, confirmed };
    let user = User {
        uuid: uuid.clone(),
        tenant_uuid,
        username: text(given, "username"),
        firstname: text(given, "firstname"),
        lastname: text(given, "lastname"),
        purpose: text(given, "purpose").unwrap_or_else(|| "user".into()),
        authentication_method: text(given, "authentication_method").unwrap_or_else(|| usual_method(given)),
        enabled: given.get("enabled").and_then(Value::as_bool).unwrap_or(true),
        emails: text(given, "email_address").map(email).into_iter().collect(),
        password_hash,
        ..User::default()
    };
    let shown = show_new(&user);
    call.state.add_user(user);
    Ok(Answer::ok(&shown))
}

/// `GET /users/{user}`.
pub fn get(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    call.check_user(&uuid)?;
    let user = call.state.users.get(&uuid).ok_or_else(|| errors::unknown_user(&uuid))?;
    Ok(Answer::ok(&show(user)))
}

/// `HEAD /users/{user}`.
pub fn exists(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    if call.state.users.contains_key(&uuid) { Ok(Answer::no_content()) } else { Err(errors::unknown_user(&uuid)) }
}

/// `PUT /users/{user}`: what is left out is emptied.
pub fn edit(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    let given = load_for("users", &EDITED, &call.json()?)?;
    check_method(&call.state, &given)?;
    call.check_user(&uuid)?;
    if let Some(username) = text(&given, "username").filter(|name| call.state.login_taken(name, Some(&uuid))) {
        return Err(errors::login_in_use("username", &username));
    }
    call.state.change_user(&uuid, |user| {
        user.username = text(&given, "username");
        user.firstname = text(&given, "firstname");
        user.lastname = text(&given, "lastname");
        user.enabled = given.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        user.purpose = text(&given, "purpose").unwrap_or_else(|| "user".into());
        user.authentication_method = text(&given, "authentication_method").unwrap_or_else(|| usual_method(&given));
    });
    get(call)
}

/// `DELETE /users/{user}`.
pub fn delete(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    call.check_user(&uuid)?;
    call.state.remove_user(&uuid);
    Ok(Answer::no_content())
}
