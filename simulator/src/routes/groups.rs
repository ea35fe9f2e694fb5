//! Groups, and their policies.

use serde_json::{Map, Value, json};

use super::policies;
use crate::call::Call;
use crate::errors::{self, Failure, Outcome, reason};
use crate::http::Answer;
use crate::listing::{self, Columns, List, SortKey};
use crate::passwords::new_uuid;
use crate::rows::Group;
use crate::slugs::{SLUG, in_slug, make_slug};
use crate::state::State;
use crate::validate::{Field, Kind, load_for};

const COLUMNS: Columns = Columns(&["name", "slug", "uuid", "read_only"]);

const NEW: [Field; 2] = [
    Field::new("name", Kind::Text).length(1, 128).required(),
    Field::new("slug", Kind::Text).length(1, 80).rule(SLUG).nullable(),
];

const EDITED: [Field; 1] = [Field::new("name", Kind::Text).length(1, 128).required()];

/// A group as lists and look-ups show it.
pub fn show(group: &Group) -> Value {
    json!({
        "uuid": group.uuid,
        "name": group.name,
        "slug": group.slug,
        "tenant_uuid": group.tenant_uuid,
        "system_managed": group.system_managed,
        "read_only": group.system_managed,
    })
}

/// A group as creation and change answer it: the same keys in another order.
fn show_changed(group: &Group) -> Value {
    json!({
        "uuid": group.uuid,
        "tenant_uuid": group.tenant_uuid,
        "name": group.name,
        "slug": group.slug,
        "read_only": group.system_managed,
        "system_managed": group.system_managed,
    })
}

/// What a group is sorted by in a column.
pub fn sort_key(group: &Group, column: &str) -> SortKey {
    match column {
        "slug" => SortKey::text(Some(&group.slug)),
        "uuid" => SortKey::text(Some(&group.uuid)),
        "read_only" => SortKey::flag(group.system_managed),
        _ => SortKey::text(Some(&group.name)),
    }
}

fn taken(state: &State, tenant: &str, except: &str, wanted: impl Fn(&Group) -> bool) -> bool {
    let others = |group: &&Group| group.tenant_uuid == tenant && group.uuid != except;
    state.groups.values().filter(others).any(wanted)
}

fn duplicate(name: &str) -> Failure {
    reason(409, format!("Group \"{name}\" already exists"))
}

/// `GET /groups`.
pub fn list(call: &mut Call) -> Outcome {
    let list = List::from_request(call.request, &COLUMNS)?;
    let tenants = call.tenants(list.recurse);
    let parameter = |name: &str| call.request.parameter(name);
    let by_slug = |slug: &str| {
        let policy = call.state.policies.values().find(|policy| policy.slug == slug);
        policy.map(|policy| policy.uuid.clone()).unwrap_or_default()
    };
    let policy = parameter("policy_uuid").map(String::from).or_else(|| parameter("policy_slug").map(by_slug));
    let user = parameter("user_uuid").map(|user| call.state.users.get(user));
    let rows: Vec<&Group> = call.state.groups.values().filter(|group| tenants.contains(&group.tenant_uuid)).collect();
    let total = rows.len();
    let rows: Vec<&Group> = rows
        .into_iter()
        .filter(|group| {
            parameter("uuid").is_none_or(|uuid| group.uuid == uuid)
                && parameter("name").is_none_or(|name| group.name == name)
                && parameter("slug").is_none_or(|slug| group.slug == slug)
                && list.read_only.is_none_or(|wanted| group.system_managed == wanted)
                && policy.as_ref().is_none_or(|policy| group.policies.contains(policy))
                && user.is_none_or(|user| user.is_some_and(|user| user.groups.contains(&group.uuid)))
                && list.finds(&[Some(&group.name)])
        })
        .collect();
    let filtered = rows.len();
    let page = list.page(rows, |group, column| sort_key(group, column));
    Ok(Answer::ok(&listing::answer(total, filtered, page.into_iter().map(show).collect())))
}

/// `POST /groups`.
pub fn create(call: &mut Call) -> Outcome {
    let given = load_for("groups", &NEW, &call.json()?)?;
    let name = given["name"].as_str().unwrap_or_default().to_string();
    let tenant = call.tenant.clone();
    let slug_taken = |slug: &str| taken(&call.state, &tenant, "", |group| group.slug.eq_ignore_ascii_case(slug));
    let slug = match given.get("slug").and_then(Value::as_str) {
        Some(slug) if slug_taken(slug) => return Err(duplicate(&name)),
        Some(slug) => slug.to_string(),
        None => make_slug(&name, in_slug, 80, slug_taken),
    };
    if taken(&call.state, &tenant, "", |group| group.name == name) {
        return Err(duplicate(&name));
    }
    let group =
        Group { uuid: new_uuid(), tenant_uuid: tenant, name, slug, system_managed: false, policies: Vec::new() };
    let shown = show_changed(&group);
    call.state.groups.add(group);
    Ok(Answer::ok(&shown))
}

fn found(call: &Call) -> Result<Group, Failure> {
    let uuid = call.part("group");
    call.check_group(&uuid)?;
    call.state.groups.get(&uuid).cloned().ok_or_else(|| errors::unknown_group(&uuid))
}

/// The group, which must not be one of the server's own.
pub fn changeable(call: &Call) -> Result<Group, Failure> {
    let group = found(call)?;
    if group.system_managed { Err(errors::forbidden_group(&group.uuid)) } else { Ok(group) }
}

/// `GET /groups/{group}`.
pub fn get(call: &mut Call) -> Outcome {
    Ok(Answer::ok(&show(&found(call)?)))
}

/// `PUT /groups/{group}`: the slug stays. An unknown group is told before what is wrong with the body.
pub fn edit(call: &mut Call) -> Outcome {
    found(call)?;
    let given: Map<String, Value> = load_for("groups", &EDITED, &call.json()?)?;
    let mut group = changeable(call)?;
    group.name = given["name"].as_str().unwrap_or_default().to_string();
    if taken(&call.state, &group.tenant_uuid, &group.uuid, |other| other.name == group.name) {
        return Err(duplicate(&group.name));
    }
    let shown = show_changed(&group);
    call.state.groups.add(group);
    Ok(Answer::ok(&shown))
}

/// `DELETE /groups/{group}`.
pub fn delete(call: &mut Call) -> Outcome {
    let group = changeable(call)?;
    call.state.remove_group(&group.uuid);
    Ok(Answer::no_content())
}

/// `GET /groups/{group}/policies`.
pub fn list_policies(call: &mut Call) -> Outcome {
    let group = found(call)?;
    policies::list_of(call, &group.policies)
}

/// `PUT /groups/{group}/policies/{policy}`.
pub fn add_policy(call: &mut Call) -> Outcome {
    let group = found(call)?;
    let policy = policies::named(call)?;
    call.check_may_add(&policy.acl)?;
    if let Some(group) = call.state.groups.get_mut(&group.uuid)
        && !group.policies.contains(&policy.uuid)
    {
        group.policies.push(policy.uuid);
    }
    Ok(Answer::no_content())
}

/// `DELETE /groups/{group}/policies/{policy}`.
pub fn remove_policy(call: &mut Call) -> Outcome {
    let group = found(call)?;
    let policy = policies::named(call)?;
    call.check_may_remove(&policy.acl)?;
    if let Some(group) = call.state.groups.get_mut(&group.uuid) {
        group.policies.retain(|uuid| *uuid != policy.uuid);
    }
    Ok(Answer::no_content())
}
