//! Users.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::errors::{self, Failure, Outcome, detailed};
use crate::http::Answer;
use crate::index;
use crate::listing::{self, Columns, List, SortKey};
use crate::passwords::{self, new_uuid};
use crate::rows::Tenants;
use crate::rows::{Email, Group, User};
use crate::state::State;
use crate::validate::{Field, Kind, Rule, load_for};

const COLUMNS: Columns = Columns(&index::COLUMNS);

/// Up to this many users are sorted for a page; of more, the order that is kept is walked.
const FEW: usize = 2_000;

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

/// What a list of users is narrowed to, by its query.
struct Filter<'a> {
    pattern: Option<listing::Pattern>,
    uuid: Option<&'a str>,
    username: Option<&'a str>,
    firstname: Option<&'a str>,
    lastname: Option<&'a str>,
    purpose: Option<&'a str>,
    email_address: Option<&'a str>,
    group_uuid: Option<&'a str>,
    policy_uuid: Option<String>,
    has_policy_uuid: Option<String>,
    /// Groups that hold the policy of `has_policy_...`.
    groups: HashSet<String>,
}

impl<'a> Filter<'a> {
    fn new(call: &'a Call, list: &List) -> Self {
        let by_slug = |slug: &str| {
            let policy = call.state.policies.values().find(|policy| policy.slug == slug);
            // A slug that nobody has is one that no user has.
            policy.map_or_else(|| "none".to_string(), |policy| policy.uuid.clone())
        };
        let parameter = |name: &str| call.request.parameter(name);
        let policy =
            |uuid: &str, slug: &str| parameter(uuid).map(String::from).or_else(|| parameter(slug).map(by_slug));
        let has_policy_uuid = policy("has_policy_uuid", "has_policy_slug");
        let groups = match &has_policy_uuid {
            None => HashSet::new(),
            Some(policy) => {
                let holds = |group: &&Group| group.policies.contains(policy);
                call.state.groups.values().filter(holds).map(|group| group.uuid.clone()).collect()
            }
        };
        Self {
            pattern: list.pattern(),
            uuid: parameter("uuid"),
            username: parameter("username"),
            firstname: parameter("firstname"),
            lastname: parameter("lastname"),
            purpose: parameter("purpose"),
            email_address: parameter("email_address"),
            group_uuid: parameter("group_uuid"),
            policy_uuid: policy("policy_uuid", "policy_slug"),
            has_policy_uuid,
            groups,
        }
    }

    /// Whether it lets every user pass.
    fn is_open(&self) -> bool {
        let texts = [self.uuid, self.username, self.firstname, self.lastname, self.purpose];
        self.pattern.is_none()
            && texts.iter().all(Option::is_none)
            && self.email_address.or(self.group_uuid).is_none()
            && self.policy_uuid.is_none()
            && self.has_policy_uuid.is_none()
    }

    fn passes(&self, user: &User) -> bool {
        let is = |wanted: Option<&str>, value: Option<&str>| wanted.is_none_or(|wanted| value == Some(wanted));
        is(self.uuid, Some(&user.uuid))
            && is(self.username, user.username.as_deref())
            && is(self.firstname, user.firstname.as_deref())
            && is(self.lastname, user.lastname.as_deref())
            && is(self.purpose, Some(&user.purpose))
            && self.email_address.is_none_or(|wanted| user.emails.iter().any(|email| email.address == wanted))
            && self.group_uuid.is_none_or(|group| user.groups.iter().any(|own| own == group))
            && self.policy_uuid.as_ref().is_none_or(|policy| user.policies.contains(policy))
            && self.has_policy_uuid.as_ref().is_none_or(|policy| {
                user.policies.contains(policy) || user.groups.iter().any(|group| self.groups.contains(group))
            })
            && self.pattern.as_ref().is_none_or(|pattern| {
                let names = [&user.firstname, &user.lastname, &user.username].into_iter().flatten();
                let addresses = user.emails.iter().map(|email| &email.address);
                names.chain(addresses).any(|text| pattern.matches(text))
            })
    }
}

/// A page of those users of the tenants that are `meant`, with how many there are, and how many pass the filter.
pub fn page(call: &Call, list: &List, tenants: &Tenants, meant: impl Fn(&User) -> bool) -> (Vec<Value>, usize, usize) {
    let filter = Filter::new(call, list);
    let only = if tenants.len() == 1 { tenants.iter().next() } else { None };
    let in_scope =
        |user: &User| only.map_or_else(|| tenants.contains(&user.tenant_uuid), |only| *only == user.tenant_uuid);
    // One pass in the order of the table, which is that of the memory, counts and remembers a few.
    let (mut total, mut filtered, mut found) = (0, 0, Vec::new());
    for user in call.state.users.values().filter(|user| in_scope(user) && meant(user)) {
        total += 1;
        if filter.passes(user) {
            filtered += 1;
            if filtered <= FEW {
                found.push(user);
            }
        }
    }
    let shown = if filtered <= FEW {
        list.page(found, |user, column| sort_key(user, column))
    } else {
        // Of many, the page comes soon in the order that is kept.
        let column = list.order.as_deref().unwrap_or_default();
        let ordered = call.state.index.ordered(tenants, column, list.descending);
        let passing = ordered.filter_map(|uuid| call.state.users.get(uuid)).filter(|user| meant(user));
        passing.filter(|user| filter.passes(user)).take(list.end()).skip(list.offset).collect()
    };
    (shown.into_iter().map(show).collect(), total, filtered)
}

/// What a user is sorted by in a column.
fn sort_key(user: &User, column: &str) -> SortKey {
    SortKey::text(match column {
        "firstname" => user.firstname.as_deref(),
        "lastname" => user.lastname.as_deref(),
        _ => user.username.as_deref(),
    })
}

/// `GET /users`.
pub fn list(call: &mut Call) -> Outcome {
    let list = List::from_request(call.request, &COLUMNS)?;
    let tenants = call.tenants(list.recurse);
    let (items, total, filtered) = if Filter::new(call, &list).is_open() {
        // All are meant: only those of the page are looked at.
        let column = list.order.as_deref().unwrap_or_default();
        let uuids = call.state.index.ordered(&tenants, column, list.descending);
        let uuids = uuids.take(list.end()).skip(list.offset);
        let total = call.state.index.count(&tenants);
        (uuids.filter_map(|uuid| call.state.users.get(uuid)).map(show).collect(), total, total)
    } else {
        page(call, &list, &tenants, |_| true)
    };
    Ok(Answer::ok(&listing::answer(total, filtered, items)))
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

/// `PUT /users/{user}`: what is left out is emptied. The sessions of a disabled user end.
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
    if call.state.users.get(&uuid).is_some_and(|user| !user.enabled) {
        call.state.end_sessions_of(&uuid);
    }
    get(call)
}

/// `DELETE /users/{user}`.
pub fn delete(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    call.check_user(&uuid)?;
    call.state.remove_user(&uuid);
    Ok(Answer::no_content())
}
