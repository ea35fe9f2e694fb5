//! Policies: named access lists, some of them shared with the tenants below, some from the configuration.

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::errors::{self, Failure, Outcome, reason};
use crate::http::Answer;
use crate::listing::{self, Columns, List, SortKey};
use crate::passwords::new_uuid;
use crate::rows::Policy;
use crate::rows::Tenants;
use crate::slugs::{SLUG, in_slug, make_slug};
use crate::state::State;
use crate::validate::{Field, Kind, load, normal_uuid};

const COLUMNS: Columns = Columns(&["name", "slug", "description", "uuid", "read_only"]);

const FIELDS: [Field; 5] = [
    Field::new("name", Kind::Text).length(1, 80).required(),
    Field::new("slug", Kind::Text).length(1, 80).rule(SLUG).nullable(),
    Field::new("description", Kind::Text).nullable(),
    Field::new("acl", Kind::Texts(&[])),
    Field::new("shared", Kind::Boolean),
];

const EDITED: [Field; 3] = [FIELDS[0], FIELDS[2], FIELDS[3]];

/// A policy as one tenant sees it.
struct View<'a> {
    policy: &'a Policy,
    tenant_uuid: &'a str,
    read_only: bool,
    shared: bool,
}

/// How `requested`, who acts for `tenants`, sees a policy: one from elsewhere looks like its own, but read only.
fn view<'a>(policy: &'a Policy, tenants: Option<&Tenants>, requested: &'a str) -> View<'a> {
    let from_elsewhere = tenants.is_some_and(|tenants| !tenants.contains(&policy.tenant_uuid))
        && (policy.config_managed || policy.shared);
    View {
        policy,
        tenant_uuid: if from_elsewhere { requested } else { &policy.tenant_uuid },
        read_only: policy.config_managed || (policy.shared && from_elsewhere),
        shared: policy.shared && !from_elsewhere,
    }
}

fn show(view: &View) -> Value {
    json!({
        "uuid": view.policy.uuid,
        "tenant_uuid": view.tenant_uuid,
        "name": view.policy.name,
        "slug": view.policy.slug,
        "description": view.policy.description,
        "acl": view.policy.acl,
        "read_only": view.read_only,
        "shared": view.shared,
    })
}

fn sort_key(view: &View, column: &str) -> SortKey {
    match column {
        "slug" => SortKey::text(Some(&view.policy.slug)),
        "description" => SortKey::text(view.policy.description.as_deref()),
        "uuid" => SortKey::text(Some(&view.policy.uuid)),
        "read_only" => SortKey::flag(view.read_only),
        _ => SortKey::text(Some(&view.policy.name)),
    }
}

/// The first field that is wrong is all that this resource tells.
fn load_policy(fields: &[Field], body: &Value) -> Result<Map<String, Value>, Failure> {
    load(fields, body).map_err(|errors| {
        let field = errors.keys().next().cloned().unwrap_or_default();
        reason(400, format!("Invalid value supplied for field: {field}"))
    })
}

/// `GET /policies`.
pub fn list(call: &mut Call) -> Outcome {
    let list = List::from_request(call.request, &COLUMNS)?;
    let tenants = call.tenants(list.recurse);
    let state: &State = &call.state;
    let parameter = |name: &str| call.request.parameter(name);
    let user = parameter("user_uuid").map(|uuid| state.users.get(uuid));
    let group = parameter("group_uuid").map(|uuid| state.groups.get(uuid));
    // The tenants above are the same for every policy.
    let above: Vec<&str> = state.ancestry(&call.tenant).collect();
    let rows: Vec<View> = state
        .policies
        .values()
        .filter(|policy| {
            policy.config_managed
                || tenants.contains(&policy.tenant_uuid)
                || (policy.shared && above.contains(&policy.tenant_uuid.as_str()))
        })
        .map(|policy| view(policy, Some(&tenants), &call.tenant))
        .collect();
    let total = rows.len();
    let rows = rows
        .into_iter()
        .filter(|row| {
            parameter("uuid").is_none_or(|uuid| row.policy.uuid == uuid)
                && parameter("name").is_none_or(|name| row.policy.name == name)
                && parameter("slug").is_none_or(|slug| row.policy.slug == slug)
                && parameter("tenant_uuid").is_none_or(|tenant| row.policy.tenant_uuid == tenant)
                && list.read_only.is_none_or(|wanted| row.read_only == wanted)
                && user.is_none_or(|user| user.is_some_and(|user| user.policies.contains(&row.policy.uuid)))
                && group.is_none_or(|group| group.is_some_and(|group| group.policies.contains(&row.policy.uuid)))
                && list.finds(&[Some(&row.policy.name), row.policy.description.as_deref()])
        })
        .collect();
    let items: Vec<Value> = list.page(rows, sort_key).iter().map(show).collect();
    Ok(Answer::ok(&json!({"items": items, "total": total})))
}

/// The list of these policies, as it hangs on a user or a group.
pub fn list_of(call: &Call, policies: &[String]) -> Outcome {
    let list = List::from_request(call.request, &Columns(&["name", "description", "uuid"]))?;
    let tenants = call.tenants(true);
    let rows: Vec<View> = policies
        .iter()
        .filter_map(|uuid| call.state.policies.get(uuid))
        .map(|policy| view(policy, Some(&tenants), &call.tenant))
        .collect();
    let total = rows.len();
    let is = |name: &str, value: &str| call.request.parameter(name).is_none_or(|wanted| value == wanted);
    let rows: Vec<View> = rows
        .into_iter()
        .filter(|row| {
            is("uuid", &row.policy.uuid)
                && is("name", &row.policy.name)
                && list.finds(&[Some(&row.policy.name), row.policy.description.as_deref()])
        })
        .collect();
    let filtered = rows.len();
    let items = list.page(rows, sort_key).iter().map(show).collect();
    Ok(Answer::ok(&listing::answer_items_first(total, filtered, items)))
}

/// The policy that the path names. By uuid it may be anywhere below the tenant of the call; by slug only in it.
fn find(call: &Call) -> Result<(Policy, Tenants), Failure> {
    let id = call.part("policy");
    let state: &State = &call.state;
    let uuid = if id.len() == 36 { normal_uuid(&id) } else { None };
    let tenants = call.tenants(uuid.is_some());
    let sees = |policy: &&Policy| state.sees_policy(policy, &tenants, &call.tenant);
    let policy = match &uuid {
        Some(uuid) => state.policies.get(uuid).filter(sees),
        None => state.policies.values().filter(|policy| policy.slug == id).find(sees),
    };
    let kind = if uuid.is_some() { "uuid" } else { "slug" };
    let policy = policy.cloned().ok_or_else(|| errors::unknown_policy(kind, &uuid.unwrap_or(id)))?;
    Ok((policy, tenants))
}

/// The same, for who gives or takes it.
pub fn named(call: &Call) -> Result<Policy, Failure> {
    find(call).map(|(policy, _)| policy)
}

/// The same, which must be the tenant's to change.
fn changeable(call: &Call) -> Result<Policy, Failure> {
    let (policy, tenants) = find(call)?;
    if view(&policy, Some(&tenants), &call.tenant).read_only {
        return Err(errors::forbidden_policy(&policy.uuid));
    }
    Ok(policy)
}

fn texts(given: &Map<String, Value>, key: &str) -> Vec<String> {
    let list = given.get(key).and_then(Value::as_array).into_iter().flatten();
    let mut texts: Vec<String> = Vec::new();
    for text in list.filter_map(Value::as_str) {
        if !texts.iter().any(|known| known == text) {
            texts.push(text.to_string());
        }
    }
    texts
}

/// Whether another policy has the name or the slug: in the tenant itself, shared from above, or, for one to be shared,
/// anywhere below.
fn taken(state: &State, wanted: &Policy) -> bool {
    let above: Vec<&str> = state.ancestry(&wanted.tenant_uuid).collect();
    let same = |policy: &Policy| policy.name == wanted.name || policy.slug.eq_ignore_ascii_case(&wanted.slug);
    state.policies.values().filter(|policy| policy.uuid != wanted.uuid && same(policy)).any(|policy| {
        policy.tenant_uuid == wanted.tenant_uuid
            || (policy.shared && above.contains(&policy.tenant_uuid.as_str()))
            || (wanted.shared && state.is_below(&wanted.tenant_uuid, &policy.tenant_uuid))
    })
}

/// `POST /policies`.
pub fn create(call: &mut Call) -> Outcome {
    let given = load_policy(&FIELDS, &call.json()?)?;
    let text = |key: &str| given.get(key).and_then(Value::as_str).map(String::from);
    let acl = texts(&given, "acl");
    call.check_may_add(&acl)?;
    let name = text("name").unwrap_or_default();
    let slug_taken = |slug: &str| {
        let own = |policy: &&Policy| policy.tenant_uuid == call.tenant;
        call.state.policies.values().filter(own).any(|policy| policy.slug.eq_ignore_ascii_case(slug))
    };
    let policy = Policy {
        uuid: new_uuid(),
        tenant_uuid: call.tenant.clone(),
        slug: text("slug").unwrap_or_else(|| make_slug(&name, in_slug, 80, slug_taken)),
        name,
        description: text("description"),
        acl,
        shared: given.get("shared") == Some(&Value::Bool(true)),
        config_managed: false,
    };
    if taken(&call.state, &policy) {
        return Err(reason(409, format!("Policy \"{}\" already exists", policy.name)));
    }
    let shown = show(&view(&policy, None, ""));
    call.state.policies.add(policy);
    Ok(Answer::ok(&shown))
}

/// `GET /policies/{policy}`.
pub fn get(call: &mut Call) -> Outcome {
    let (policy, tenants) = find(call)?;
    Ok(Answer::ok(&show(&view(&policy, Some(&tenants), &call.tenant))))
}

/// `PUT /policies/{policy}`: what is left out is emptied; slug and sharing stay.
pub fn edit(call: &mut Call) -> Outcome {
    let found = find(call);
    if call.part("policy").len() != 36 {
        // By slug, the policy is looked up before the body is.
        found?;
    }
    let given = load_policy(&EDITED, &call.json()?)?;
    let acl = texts(&given, "acl");
    call.check_may_add(&acl)?;
    let mut policy = changeable(call)?;
    // To lift a denial is to give the access.
    let lifted: Vec<String> =
        policy.acl.iter().filter(|access| access.starts_with('!') && !acl.contains(access)).cloned().collect();
    call.check_may_remove(&lifted)?;
    policy.name = given["name"].as_str().unwrap_or_default().to_string();
    policy.description = given.get("description").and_then(Value::as_str).map(String::from);
    policy.acl = acl;
    if taken(&call.state, &policy) {
        return Err(reason(409, format!("Policy \"{}\" already exists", policy.name)));
    }
    let shown = show(&view(&policy, None, ""));
    call.state.policies.add(policy);
    Ok(Answer::ok(&shown))
}

/// `DELETE /policies/{policy}`.
pub fn delete(call: &mut Call) -> Outcome {
    let policy = changeable(call)?;
    call.state.remove_policy(&policy.uuid);
    Ok(Answer::no_content())
}

/// `PUT /policies/{policy}/acl/{access}`.
pub fn add_access(call: &mut Call) -> Outcome {
    let access = call.part("access");
    find(call)?;
    call.check_may_add(std::slice::from_ref(&access))?;
    let mut policy = changeable(call)?;
    if policy.acl.contains(&access) {
        return Err(reason(409, format!("Policy already associated to {access}")));
    }
    policy.acl.push(access);
    call.state.policies.add(policy);
    Ok(Answer::no_content())
}

/// `DELETE /policies/{policy}/acl/{access}`: done too where the policy does not have it.
pub fn remove_access(call: &mut Call) -> Outcome {
    let access = call.part("access");
    find(call)?;
    call.check_may_remove(std::slice::from_ref(&access))?;
    let mut policy = changeable(call)?;
    policy.acl.retain(|known| *known != access);
    call.state.policies.add(policy);
    Ok(Answer::no_content())
}
