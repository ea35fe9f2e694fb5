//! Access lists as C sees them.

use super::boundary::guard;
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::access::{AccessList, fill, texts};
use crate::error::{Error, Result};
use crate::json::Json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::ffi::c_char;

/// An access list: what a token may do, as its `acl` says.
///
/// Questions about it are answered without the server, exactly as the server would answer them. Thread-safe, and
/// without locks: any number of threads may ask at the same time. Free it with wazo_auth_access_free().
pub struct wazo_auth_access(AccessList);

impl Handle for wazo_auth_access {
    const TYPE: HandleType = HandleType::Access;
}

/// Reads an access list.
///
/// In an entry such as `confd.users.*.read`, words are separated by dots. `*` stands for any characters except `.`
/// and `#`; `#` for any characters except a newline. The word `me` also stands for the user, `my_session` for the
/// session, and `edit` for `update`. An entry that begins with `!` denies, and wins over those that allow.
///
/// Example: wazo_auth_access *access = wazo_auth_access_new(acl, auth_id, session_uuid, &error);
///
/// @param acl_json A JSON array of strings: the `acl` of a token (wazo_auth_token_get()).
/// @param auth_id The user that `me` stands for: the `auth_id` of the token. NULL if there is none.
/// @param session_uuid The session that `my_session` stands for: the `session_uuid` of the token. NULL if there is
/// none.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The access list; free it with wazo_auth_access_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_access_new(
    acl_json: *const c_char,
    auth_id: *const c_char,
    session_uuid: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_access {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let acl = pointer::text("acl_json", acl_json)?;
            let auth_id = pointer::optional_text("auth_id", auth_id)?;
            let session_uuid = pointer::optional_text("session_uuid", session_uuid)?;
            Ok(pointer::give(wazo_auth_access(AccessList::from_json(acl, auth_id, session_uuid)?)))
        })
    }
}

/// Asks whether an access list allows an access.
///
/// It takes no more steps than the length of the entries times that of the access, whoever wrote them.
///
/// @param access The access list.
/// @param required_access The access, such as "confd.users.read"; NULL if none is required, which is allowed.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if the list allows it. false if not, and on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_access_matches(
    access: *const wazo_auth_access,
    required_access: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let access = pointer::borrow("access", access)?;
            Ok(access.0.matches(pointer::optional_text("required_access", required_access)?))
        })
    }
}

/// Asks about several accesses at once.
///
/// @param access The access list.
/// @param accesses_json A JSON array of strings: the accesses.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A JSON array of booleans, one for each access, in the same order. Free it with wazo_auth_string_free().
/// NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_access_matches_each(
    access: *const wazo_auth_access,
    accesses_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let access = pointer::borrow("access", access)?;
            let asked = texts(pointer::text("accesses_json", accesses_json)?, "accesses_json")?;
            let answers: Vec<bool> = asked.iter().map(|required| access.0.matches(Some(required))).collect();
            pointer::give_text(format!("{answers:?}"))
        })
    }
}

/// Asks whether the owner of an access list may give an entry to somebody else: what they have themselves, and any
/// denial.
///
/// @param access The access list.
/// @param entry The entry, such as "confd.users.read" or "!confd.users.delete".
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if they may. false if not, and on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_access_may_add(
    access: *const wazo_auth_access,
    entry: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let access = pointer::borrow("access", access)?;
            Ok(access.0.may_add(pointer::text("entry", entry)?))
        })
    }
}

/// Asks whether the owner of an access list may take an entry away from somebody else: only what they have
/// themselves.
///
/// @param access The access list.
/// @param entry The entry; for a denial, with its "!".
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if they may. false if not, and on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_access_may_remove(
    access: *const wazo_auth_access,
    entry: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let access = pointer::borrow("access", access)?;
            Ok(access.0.may_remove(pointer::text("entry", entry)?))
        })
    }
}

/// Fills the placeholders of an access.
///
/// Dots in a value become `_`, so that it stays one word, as Wazo's own programs do it.
///
/// Example: wazo_auth_access_fill("confd.users.{user_uuid}.read", "{\"user_uuid\": \"8f3a\"}", &error) gives
/// "confd.users.8f3a.read".
///
/// @param pattern The access, with the names of placeholders in braces.
/// @param values_json A JSON object: for each placeholder a string, a number or a Boolean.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The access; free it with wazo_auth_string_free(). NULL on failure, such as a placeholder without a
/// value.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_access_fill(
    pattern: *const c_char,
    values_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let pattern = pointer::text("pattern", pattern)?;
            let values = values(pointer::text("values_json", values_json)?)?;
            pointer::give_text(fill(pattern, |name| values.get(name).map(String::as_str))?)
        })
    }
}

/// The members of an object, as texts.
fn values(json: &str) -> Result<BTreeMap<String, String>> {
    let expected = || Error::invalid("argument values_json: expected a JSON object of strings, numbers and Booleans");
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).map_err(|_| expected())?;
    members
        .into_iter()
        .map(|(name, value)| Ok((name, Json::of(value).and_then(Json::into_text).ok_or_else(expected)?)))
        .collect()
}

/// Frees an access list.
///
/// @param access The access list, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_access_free(access: *mut wazo_auth_access) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(access) });
}
