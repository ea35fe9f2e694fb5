//! The policies that users have themselves.

use super::policies;
use crate::call::Call;
use crate::errors::{self, Outcome};
use crate::http::Answer;

/// `GET /users/{user}/policies`.
pub fn list(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    let user = call.state.users.get(&uuid).ok_or_else(|| errors::unknown_user(&uuid))?;
    policies::list_of(call, &user.policies)
}

/// `PUT /users/{user}/policies/{policy}`.
pub fn add(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    call.check_user(&uuid)?;
    let policy = policies::named(call)?;
    call.check_may_add(&policy.acl)?;
    call.state.change_user(&uuid, |user| {
        if !user.policies.contains(&policy.uuid) {
            user.policies.push(policy.uuid);
        }
    });
    Ok(Answer::no_content())
}

/// `DELETE /users/{user}/policies/{policy}`: done too where the user does not have it.
pub fn remove(call: &mut Call) -> Outcome {
    let uuid = call.part("user");
    call.check_user(&uuid)?;
    let policy = policies::named(call)?;
    call.check_may_remove(&policy.acl)?;
    call.state.change_user(&uuid, |user| user.policies.retain(|own| *own != policy.uuid));
    Ok(Answer::no_content())
}
