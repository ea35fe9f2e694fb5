//! Tenants: a tree.

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::errors::{self, Failure, Outcome, detailed, invalid_list_parameter};
use crate::http::Answer;
use crate::listing::{self, Columns, List, SortKey};
use crate::passwords::new_uuid;
use crate::rows::{Address, Domain, Tenant};
use crate::slugs::make_slug;
use crate::state::State;
use crate::validate::{Field, Kind, Rule, load_for, normal_uuid};

const COLUMNS: Columns = Columns(&["name", "slug"]);

/// How many tenants one list may ask for by uuid.
const MAX_UUIDS: usize = 25;

const SLUG: Rule = Rule::Pattern("^[a-zA-Z0-9_]+$", |text| text.chars().all(in_slug) && !text.is_empty());

/// What a domain name is.
pub const DOMAIN: Rule =
    Rule::Pattern(r"^(?=.{1,253}\.?$)(?:(?!(-|_)|[^.]+_)[A-Za-z0-9-_]{1,}(?<!-)(?:\.|$)){2,63}$", is_domain);

const ADDRESS: &[Field] = &[
    Field::new("line_1", Kind::Text).length(1, 256).nullable(),
    Field::new("line_2", Kind::Text).length(1, 256).nullable(),
    Field::new("city", Kind::Text).length(1, 128).nullable(),
    Field::new("state", Kind::Text).length(1, 128).nullable(),
    Field::new("country", Kind::Text).length(1, 128).nullable(),
    Field::new("zip_code", Kind::Text).length(1, 16).nullable(),
];

const NEW: [Field; 8] = [
    Field::new("uuid", Kind::Uuid).nullable(),
    Field::new("name", Kind::Text).length(1, 128).nullable(),
    Field::new("slug", Kind::Text).length(1, 10).rule(SLUG).nullable(),
    Field::new("contact", Kind::Uuid).nullable(),
    Field::new("phone", Kind::Text).length(1, 32).nullable(),
    Field::new("default_authentication_method", Kind::Text),
    Field::new("domain_names", Kind::Texts(&[DOMAIN])),
    Field::new("address", Kind::Object(ADDRESS)),
];

const EDITED: [Field; 6] = [NEW[1], NEW[3], NEW[4], NEW[5], NEW[6], NEW[7]];

fn in_slug(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// At least two labels of letters, digits, `-` and `_`, in 253 characters; none begins with `-` or `_` or ends with `-`.
fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.strip_suffix('.').unwrap_or(text).split('.').collect();
    let fits = |label: &&str| {
        !label.is_empty()
            && !label.starts_with(['-', '_'])
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    text.len() <= 253 && (2..=63).contains(&labels.len()) && labels.iter().all(fits)
}

fn show(tenant: &Tenant) -> Value {
    let names: Vec<&str> = tenant.domains.iter().map(|domain| domain.name.as_str()).collect();
    json!({
        "uuid": tenant.uuid,
        "parent_uuid": tenant.parent_uuid,
        "name": tenant.name,
        "slug": tenant.slug,
        "contact": tenant.contact,
        "phone": tenant.phone,
        "default_authentication_method": tenant.default_authentication_method,
        "domain_names": names,
        "address": tenant.address,
    })
}

/// `GET /tenants`: the tenant of the call and all below.
pub fn list(call: &mut Call) -> Outcome {
    let list = List::from_request(call.request, &COLUMNS)?;
    let uuids: Vec<&str> =
        call.request.query.iter().filter(|(key, _)| key == "uuids").map(|(_, value)| value.as_str()).collect();
    check_uuids(&uuids)?;
    let tenants = call.tenants(true);
    let rows: Vec<&Tenant> = call.state.tenants.values().filter(|tenant| tenants.contains(&tenant.uuid)).collect();
    let total = rows.len();
    let parameter = |name: &str| call.request.parameter(name);
    let rows: Vec<&Tenant> = rows
        .into_iter()
        .filter(|tenant| {
            parameter("uuid").is_none_or(|uuid| tenant.uuid == uuid)
                && (uuids.is_empty() || uuids.contains(&tenant.uuid.as_str()))
                && parameter("name").is_none_or(|name| tenant.name.as_deref() == Some(name))
                && parameter("slug").is_none_or(|slug| tenant.slug == slug)
                && parameter("domain_name").is_none_or(|name| tenant.domains.iter().any(|domain| domain.name == name))
                && (list.finds(&[tenant.name.as_deref(), Some(&tenant.slug)])
                    || tenant.domains.iter().any(|domain| list.finds(&[Some(&domain.name)])))
        })
        .collect();
    let filtered = rows.len();
    let page = list.page(rows, |tenant, column| match column {
        "slug" => SortKey::text(Some(&tenant.slug)),
        _ => SortKey::text(tenant.name.as_deref()),
    });
    Ok(Answer::ok(&listing::answer(total, filtered, page.into_iter().map(show).collect())))
}

fn check_uuids(uuids: &[&str]) -> Result<(), Failure> {
    if uuids.len() > MAX_UUIDS {
        let message = format!("Longer than maximum length {MAX_UUIDS}.");
        let constraint = json!({"min": null, "max": MAX_UUIDS});
        let error = json!({"constraint_id": "length", "constraint": constraint, "message": message});
        return Err(invalid_list_parameter(json!({"uuids": [error]})));
    }
    let wrong = uuids.iter().position(|uuid| normal_uuid(uuid).is_none());
    wrong.map_or(Ok(()), |index| {
        let error = json!({"message": "Not a valid UUID.", "constraint_id": "type", "constraint": "uuid"});
        Err(invalid_list_parameter(json!({"uuids": {index.to_string(): error}})))
    })
}

fn text(given: &Map<String, Value>, key: &str) -> Option<String> {
    given.get(key).and_then(Value::as_str).map(String::from)
}

/// Lays the given fields over a tenant; what is left out is emptied. Domains that stay keep their uuid.
fn fill(state: &State, tenant: &mut Tenant, given: &Map<String, Value>) -> Result<(), Failure> {
    let method = text(given, "default_authentication_method").unwrap_or_else(|| "native".into());
    if !state.settings.idps.contains(&method) {
        let message = format!("Invalid default authentication method {method}");
        let details = json!({"default_authentication_method": method});
        return Err(detailed(400, message, "invalid-data", details, "tenants"));
    }
    let contact = text(given, "contact");
    if let Some(contact) = contact.as_ref().filter(|contact| !state.users.contains_key(*contact)) {
        return Err(errors::unknown_user(contact));
    }
    let mut names: Vec<String> = given
        .get("domain_names")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(String::from)
        .collect();
    names.sort_unstable();
    names.dedup();
    let others = state.tenants.values().filter(|other| other.uuid != tenant.uuid);
    if others.flat_map(|other| &other.domains).any(|domain| names.contains(&domain.name)) {
        return Err(errors::domain_in_use(&names));
    }
    let known = std::mem::take(&mut tenant.domains);
    let domain = |name: String| {
        let old = known.iter().find(|domain| domain.name == name);
        Domain { uuid: old.map_or_else(new_uuid, |old| old.uuid.clone()), name }
    };
    tenant.domains = names.into_iter().map(domain).collect();
    tenant.name = text(given, "name");
    tenant.contact = contact;
    tenant.phone = text(given, "phone");
    tenant.default_authentication_method = method;
    let address = given.get("address").cloned().unwrap_or_else(|| json!({}));
    tenant.address = serde_json::from_value::<Address>(address).unwrap_or_default();
    Ok(())
}

fn free_slug(state: &State, name: Option<&str>) -> String {
    let taken = |slug: &str| state.tenants.values().any(|tenant| tenant.slug == slug);
    make_slug(name.unwrap_or_default(), in_slug, 10, taken)
}

/// A tenant without more than its parent; gives its uuid.
pub fn add_plain(state: &mut State, parent: &str, name: Option<&str>) -> String {
    let tenant = Tenant {
        uuid: new_uuid(),
        parent_uuid: parent.into(),
        name: name.map(String::from),
        slug: free_slug(state, name),
        default_authentication_method: "native".into(),
        ..Tenant::default()
    };
    let uuid = tenant.uuid.clone();
    state.tenants.add(tenant);
    state.ensure_default_groups(&uuid);
    uuid
}

/// `POST /tenants`: below the tenant of the call.
pub fn create(call: &mut Call) -> Outcome {
    let given = load_for("tenants", &NEW, &call.json()?)?;
    let uuid = text(&given, "uuid");
    if uuid.as_ref() == Some(&call.tenant) {
        let details = json!({"parent_uuid": {"constraint_id": "unique", "msg": "A master tenant already exist"}});
        return Err(detailed(403, "Conflict detected", "conflict", details, "tenants"));
    }
    if let Some(uuid) = uuid.as_ref().filter(|uuid| call.state.tenants.contains_key(*uuid)) {
        return Err(errors::conflict("tenants", "uuid", &format!("The uuid \"{uuid}\" is already used")));
    }
    let slug = text(&given, "slug");
    if let Some(slug) = slug.as_ref().filter(|slug| call.state.tenants.values().any(|other| other.slug == **slug)) {
        return Err(errors::conflict("tenants", "slug", &format!("The slug \"{slug}\" is already used")));
    }
    let name = text(&given, "name");
    let mut tenant = Tenant {
        uuid: uuid.unwrap_or_else(new_uuid),
        parent_uuid: call.tenant.clone(),
        slug: slug.unwrap_or_else(|| free_slug(&call.state, name.as_deref())),
        ..Tenant::default()
    };
    fill(&call.state, &mut tenant, &given)?;
    let shown = show(&tenant);
    let uuid = tenant.uuid.clone();
    call.state.tenants.add(tenant);
    call.state.ensure_default_groups(&uuid);
    Ok(Answer::ok(&shown))
}

fn visible(call: &Call, uuid: &str) -> Result<Tenant, Failure> {
    let tenant = call.state.tenants.get(uuid).filter(|tenant| call.state.is_below(&call.tenant, &tenant.uuid));
    tenant.cloned().ok_or_else(|| errors::unknown_tenant(uuid))
}

/// `GET /tenants/{tenant}`.
pub fn get(call: &mut Call) -> Outcome {
    Ok(Answer::ok(&show(&visible(call, &call.part("tenant"))?)))
}

/// `PUT /tenants/{tenant}`: the whole tenant; its uuid, parent and slug stay.
pub fn edit(call: &mut Call) -> Outcome {
    let given = load_for("tenants", &EDITED, &call.json()?)?;
    let mut tenant = visible(call, &call.part("tenant"))?;
    fill(&call.state, &mut tenant, &given)?;
    tenant.edits += 1;
    let shown = show(&tenant);
    call.state.tenants.add(tenant);
    Ok(Answer::ok(&shown))
}

/// `DELETE /tenants/{tenant}`.
pub fn delete(call: &mut Call) -> Outcome {
    let uuid = call.part("tenant");
    if uuid == call.tenant {
        return Err(errors::own_tenant(&uuid));
    }
    visible(call, &uuid)?;
    if call.state.tenants.values().any(|tenant| tenant.parent_uuid == uuid) {
        return Err(errors::tenant_has_children(&uuid));
    }
    call.state.remove_tenant(&uuid);
    Ok(Answer::no_content())
}

/// `GET /tenants/{tenant}/domains`.
pub fn list_domains(call: &mut Call) -> Outcome {
    let uuid = call.part("tenant");
    let tenant = call.state.tenants.get(&uuid).ok_or_else(|| errors::unknown_tenant(&uuid))?;
    let items: Vec<Value> =
        tenant.domains.iter().map(|domain| json!({"name": domain.name, "uuid": domain.uuid})).collect();
    Ok(Answer::ok(&json!({"total": items.len(), "items": items})))
}

/// `PUT /tenants/{tenant}/parent/{parent}`: moves a tenant, not below itself.
pub fn move_below(call: &mut Call) -> Outcome {
    let mut tenant = visible(call, &call.part("tenant"))?;
    let parent = visible(call, &call.part("parent"))?;
    if call.state.is_below(&tenant.uuid, &parent.uuid) {
        let message = format!("Tenant \"{}\" is a descendent of tenant \"{}\"", parent.uuid, tenant.uuid);
        let details = json!({"tenant_uuid": tenant.uuid, "parent_uuid": parent.uuid});
        return Err(detailed(409, message, "conflict", details, "tenants"));
    }
    tenant.parent_uuid = parent.uuid;
    tenant.edits += 1;
    call.state.tenants.add(tenant);
    Ok(Answer::no_content())
}
