//! Who is in which group.

use serde_json::json;

use super::groups::changeable;
use super::{groups, users};
use crate::call::Call;
use crate::errors::{self, Failure, Outcome, detailed};
use crate::http::Answer;
use crate::listing::{self, Columns, List};
use crate::rows::Tenants;
use crate::rows::{Group, User};

/// `GET /groups/{group}/users`.
pub fn list(call: &mut Call) -> Outcome {
    let uuid = call.part("group");
    call.check_group(&uuid)?;
    let list = List::from_request(call.request, &Columns(&["username"]))?;
    // Members and their group are of one tenant.
    let tenant = call.state.groups.get(&uuid).map(|group| group.tenant_uuid.clone()).unwrap_or_default();
    let (users, total, filtered) =
        users::page(call, &list, &Tenants::from([tenant]), |user| user.groups.contains(&uuid));
    Ok(Answer::ok(&listing::answer_items_first(total, filtered, users)))
}

/// `GET /users/{user}/groups`.
pub fn list_of_user(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    call.check_user(&uuid)?;
    let list = List::from_request(call.request, &Columns(&["name", "uuid"]))?;
    let user = call.state.users.get(&uuid).ok_or_else(|| errors::unknown_user(&uuid))?;
    let rows: Vec<&Group> = user.groups.iter().filter_map(|group| call.state.groups.get(group)).collect();
    let total = rows.len();
    let is = |name: &str, value: &str| call.request.parameter(name).is_none_or(|wanted| value == wanted);
    let rows: Vec<&Group> = rows
        .into_iter()
        .filter(|group| is("uuid", &group.uuid) && is("name", &group.name) && list.finds(&[Some(&group.name)]))
        .collect();
    let filtered = rows.len();
    let page = list.page(rows, |group, column| groups::sort_key(group, column));
    Ok(Answer::ok(&listing::answer_items_first(total, filtered, page.into_iter().map(groups::show).collect())))
}

/// The user of the path, if there is one anywhere.
fn anybody(call: &Call) -> Result<User, Failure> {
    let uuid = call.part("user");
    call.state.users.get(&uuid).cloned().ok_or_else(|| errors::unknown_user(&uuid))
}

/// `PUT /groups/{group}/users/{user}`: both of one tenant, and both visible to the caller.
pub fn add(call: &mut Call) -> Outcome {
    call.check_user(&call.part("user"))?;
    let (user, group) = (anybody(call)?, changeable(call)?);
    if user.tenant_uuid != group.tenant_uuid {
        let details = json!({"user_tenant_uuid": user.tenant_uuid, "group_tenant_uuid": group.tenant_uuid});
        let message = "Ressources are not in the same tenant";
        return Err(detailed(400, message, "missmatching-tenant", details, "groups"));
    }
    call.state.change_user(&user.uuid, |user| {
        if !user.groups.contains(&group.uuid) {
            user.groups.push(group.uuid);
        }
    });
    Ok(Answer::no_content())
}

/// `DELETE /groups/{group}/users/{user}`: done too where the user is not in it, or is one that the caller does not see.
pub fn remove(call: &mut Call) -> Outcome {
    let (user, group) = (anybody(call)?, changeable(call)?);
    call.state.change_user(&user.uuid, |user| user.groups.retain(|uuid| *uuid != group.uuid));
    Ok(Answer::no_content())
}
