//! Refresh tokens: of everybody, of a user, of the caller.

use serde_json::{Value, json};

use crate::call::Call;
use crate::clock;
use crate::errors::{self, Failure, Outcome};
use crate::http::Answer;
use crate::listing::{Columns, List, SortKey};
use crate::rows::RefreshToken;

const COLUMNS: Columns = Columns(&["created_at", "client_id", "mobile"]);

/// `GET /tokens`.
pub fn list(call: &mut Call) -> Outcome {
    answer(call, None)
}

/// `GET /users/me/tokens`.
pub fn list_mine(call: &mut Call) -> Outcome {
    let user = caller(call)?;
    call.check_user(&user)?;
    answer(call, Some(&user))
}

/// `GET /users/{user}/tokens`.
pub fn list_of_user(call: &mut Call) -> Outcome {
    let user = call.part("user");
    call.check_user(&user)?;
    answer(call, Some(&user))
}

/// `DELETE /users/me/tokens/{client_id}`.
pub fn delete_mine(call: &mut Call) -> Outcome {
    let user = caller(call)?;
    delete(call, &user)
}

/// `DELETE /users/{user}/tokens/{client_id}`.
pub fn delete_of_user(call: &mut Call) -> Outcome {
    let user = call.part("user");
    delete(call, &user)
}

fn caller(call: &Call) -> Result<String, Failure> {
    let uuid = call.token.metadata.get("uuid").and_then(Value::as_str);
    uuid.map(String::from).ok_or_else(|| errors::unknown_user("None"))
}

fn delete(call: &mut Call, user: &str) -> Outcome {
    call.check_user(user)?;
    let client_id = call.part("client_id");
    let row = call.state.refresh_tokens.values().find(|row| row.user_uuid == user && row.client_id == client_id);
    let uuid = row.map(|row| row.uuid.clone()).ok_or_else(|| errors::unknown_refresh_token(&client_id))?;
    call.state.forget_refresh_token(&uuid);
    Ok(Answer::no_content())
}

/// A refresh token has no tenant of its own: it is its user's.
fn answer(call: &mut Call, user: Option<&str>) -> Outcome {
    let list = List::from_request(call.request, &COLUMNS)?;
    // Of one user, who was found to be visible already, all are meant, whatever tenant the user is in.
    let tenants = call.tenants(list.recurse || user.is_some());
    let tenant_of = |row: &RefreshToken| {
        call.state.users.get(&row.user_uuid).map(|user| user.tenant_uuid.clone()).unwrap_or_default()
    };
    let wanted = |name: &str| call.request.parameter(name);
    let (client_id, mobile, created_at) = (wanted("client_id"), wanted("mobile"), wanted("created_at"));
    let rows: Vec<&RefreshToken> = call
        .state
        .refresh_tokens
        .values()
        .filter(|row| user.is_none_or(|user| row.user_uuid == user) && tenants.contains(&tenant_of(row)))
        .collect();
    let total = rows.len();
    let rows: Vec<&RefreshToken> = rows
        .into_iter()
        .filter(|row| {
            client_id.is_none_or(|wanted| row.client_id == wanted)
                && mobile.is_none_or(|wanted| row.mobile.to_string().eq_ignore_ascii_case(wanted))
                && created_at.is_none_or(|wanted| show_time(row).starts_with(wanted))
                && list.finds(&[Some(&row.client_id)])
        })
        .collect();
    let filtered = rows.len();
    let page = list.page(rows, |row, column| match column {
        "client_id" => SortKey::text(Some(&row.client_id)),
        "mobile" => SortKey::flag(row.mobile),
        _ => SortKey::time(row.created_at),
    });
    let items: Vec<Value> = page
        .into_iter()
        .map(|row| {
            json!({
                "client_id": row.client_id,
                "created_at": show_time(row),
                "mobile": row.mobile,
                "user_uuid": row.user_uuid,
                "tenant_uuid": tenant_of(row),
                "metadata": row.metadata,
            })
        })
        .collect();
    Ok(Answer::ok(&json!({"total": total, "filtered": filtered, "items": items})))
}

fn show_time(row: &RefreshToken) -> String {
    format!("{}+00:00", clock::iso_with_fraction(row.created_at))
}
