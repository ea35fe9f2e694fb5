//! Identity providers: how users log in.

use serde_json::{Value, json};

use crate::call::Call;
use crate::errors::{self, Failure, Outcome, invalid_list_parameter};
use crate::http::Answer;
use crate::validate::{Field, Kind, load};

/// `GET /idp`.
pub fn list(call: &mut Call) -> Outcome {
    let idps = &call.state.settings.idps;
    Ok(Answer::ok(&json!({"total": idps.len(), "filtered": idps.len(), "items": idps})))
}

fn named(call: &Call) -> Result<String, Failure> {
    let idp = call.part("idp");
    if call.state.settings.idps.contains(&idp) { Ok(idp) } else { Err(errors::unknown_idp(&idp)) }
}

/// `PUT /idp/{idp}/users`: all of them or, where one is unknown, none.
pub fn add_users(call: &mut Call) -> Outcome {
    const USER: &[Field] = &[Field::new("uuid", Kind::Uuid).required()];
    const FIELDS: [Field; 1] = [Field::new("users", Kind::Objects(USER)).required()];
    let idp = named(call)?;
    let given = load(&FIELDS, &call.json()?).map_err(|errors| invalid_list_parameter(Value::Object(errors)))?;
    let uuids: Vec<String> = given["users"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|user| user["uuid"].as_str().map(String::from))
        .collect();
    for uuid in &uuids {
        call.check_user(uuid)?;
    }
    for uuid in &uuids {
        call.state.change_user(uuid, |user| user.authentication_method.clone_from(&idp));
    }
    Ok(Answer::no_content())
}

/// `PUT /idp/{idp}/users/{user}`.
pub fn add_user(call: &mut Call) -> Outcome {
    let idp = named(call)?;
    let uuid = call.part("user");
    call.check_user(&uuid)?;
    call.state.change_user(&uuid, |user| user.authentication_method = idp);
    Ok(Answer::no_content())
}

/// `DELETE /idp/{idp}/users/{user}`: back to the tenant's method; nothing where the user has another.
pub fn remove_user(call: &mut Call) -> Outcome {
    let idp = named(call)?;
    let uuid = call.part("user");
    call.check_user(&uuid)?;
    call.state.change_user(&uuid, |user| {
        if user.authentication_method == idp {
            user.authentication_method = "default".into();
        }
    });
    Ok(Answer::no_content())
}
