//! Sessions.

use serde_json::{Value, json};

use crate::call::Call;
use crate::errors::Outcome;
use crate::http::Answer;
use crate::listing::{self, Columns, List, SortKey};
use crate::rows::Session;

const COLUMNS: Columns = Columns(&["mobile"]);

fn show(session: &Session) -> Value {
    json!({
        "uuid": session.uuid,
        "mobile": session.mobile,
        "tenant_uuid": session.tenant_uuid,
        "user_uuid": session.user_uuid,
    })
}

fn page(list: &List, rows: Vec<&Session>) -> Vec<Value> {
    list.page(rows, |session, _| SortKey::flag(session.mobile)).into_iter().map(show).collect()
}

/// `GET /sessions`.
pub fn list(call: &mut Call) -> Outcome {
    let list = List::from_request(call.request, &COLUMNS)?;
    let tenants = call.tenants(list.recurse);
    let rows: Vec<&Session> =
        call.state.sessions.values().filter(|session| tenants.contains(&session.tenant_uuid)).collect();
    let total = rows.len();
    Ok(Answer::ok(&listing::answer(total, total, page(&list, rows))))
}

/// `DELETE /sessions/{session}`: done too where there is none.
pub fn delete(call: &mut Call) -> Outcome {
    let uuid = call.part("session");
    let session = call.state.sessions.get(&uuid);
    if session.is_some_and(|session| call.state.is_below(&call.tenant, &session.tenant_uuid)) {
        call.state.remove_session(&uuid);
    }
    Ok(Answer::no_content())
}

/// `GET /users/{user}/sessions`.
pub fn list_of_user(call: &mut Call) -> Outcome {
    let user = call.part("user");
    call.check_user(&user)?;
    let list = List::from_request(call.request, &COLUMNS)?;
    let rows: Vec<&Session> =
        call.state.sessions.values().filter(|session| session.user_uuid.as_ref() == Some(&user)).collect();
    let total = rows.len();
    Ok(Answer::ok(&listing::answer_items_first(total, total, page(&list, rows))))
}

/// `DELETE /users/{user}/sessions/{session}`.
pub fn delete_of_user(call: &mut Call) -> Outcome {
    let user = call.part("user");
    call.check_user(&user)?;
    let uuid = call.part("session");
    let session = call.state.sessions.get(&uuid);
    if session.is_some_and(|session| session.user_uuid.as_ref() == Some(&user)) {
        call.state.remove_session(&uuid);
    }
    Ok(Answer::no_content())
}
