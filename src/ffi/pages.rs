//! Listings as C sees them.

use super::boundary::guard;
use super::client::wazo_auth_client;
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::client::Arguments;
use crate::options::{PageSettings, ServiceSettings};
use crate::paging::{Pages, visible_tenants};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

/// An iterator over a listing, such as users.list: it asks for one page after the other and returns single items.
///
/// No item with a UUID is returned twice. Items that come or go meanwhile may be returned or not; those that are there
/// all the time are not skipped because others were deleted. Thread-safe; each item goes to one caller. Free it with
/// wazo_auth_pages_free().
pub struct wazo_auth_pages(Mutex<Pages>);

impl Handle for wazo_auth_pages {
    const TYPE: HandleType = HandleType::Pages;
}

/// Creates an iterator over a listing. Nothing is sent yet.
///
/// Example: wazo_auth_pages *pages = wazo_auth_pages_new(client, "users.list", "{\"search\": \"ali\"}", NULL, &error);
///
/// @param client The client; it may be freed before the iterator. Later changes of its options have no effect.
/// @param operation The name of an operation that takes `limit` and `offset`, such as "users.list".
/// @param arguments_json The arguments, as for wazo_auth_call(), without `limit` and `offset`; NULL for none.
/// @param options_json The options as a JSON object, such as {"page_size": 100, "max_items": 1000}; docs/options.md
/// lists them. NULL for the defaults.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The iterator; free it with wazo_auth_pages_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_pages_new(
    client: *const wazo_auth_client,
    operation: *const c_char,
    arguments_json: *const c_char,
    options_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_pages {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            let operation = pointer::text("operation", operation)?;
            let arguments = pointer::optional_text("arguments_json", arguments_json)?;
            let arguments = arguments.map_or_else(|| Ok(Arguments::new()), Arguments::from_json)?;
            let options = pointer::optional_text("options_json", options_json)?;
            let settings = options.map_or_else(|| Ok(PageSettings::defaults()), PageSettings::from_json)?;
            let pages = Pages::new(&client.client, operation, arguments, settings)?;
            Ok(pointer::give(wazo_auth_pages(Mutex::new(pages))))
        })
    }
}

/// Returns the next item of a listing. It blocks while it waits for a page.
///
/// After an error, the iterator can be used again: it asks for the same page again.
///
/// @param pages The iterator.
/// @param error Receives the error on failure; NULL if you do not need it. Set it to NULL before the call: only it
/// tells a failure from the end.
/// @return The item as JSON; free it with wazo_auth_string_free(). NULL without an error if there are no more items;
/// NULL with an error on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_pages_next(
    pages: *mut wazo_auth_pages,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let pages = pointer::borrow("pages", pages.cast_const())?;
            let item = pages.0.lock().unwrap_or_else(PoisonError::into_inner).next_item()?;
            item.map_or(Ok(std::ptr::null_mut()), pointer::give_text)
        })
    }
}

/// Frees an iterator.
///
/// @param pages The iterator, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_pages_free(pages: *mut wazo_auth_pages) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(pages) });
}

/// Returns the tenants that the client's token may see, in the client's tenant: the items of tenants.list.
///
/// The answer is kept for 60 seconds, by all clients that share the connection pool: call it as often as you like. A
/// change of the tenants is seen after that time.
///
/// @param client The client.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A JSON array of tenants; free it with wazo_auth_string_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_client_visible_tenants(
    client: *const wazo_auth_client,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            pointer::give_text(visible_tenants(&client.client)?.to_string())
        })
    }
}
