//! Raw pointers in, safe types out, and back. Who owns what is in the names: `borrow` leaves it with the caller, `give`
//! hands it to the caller, `take_back` ends it.

use crate::client::{Error, Result};
use std::ffi::{CStr, CString, c_char};

/// A handle that stays the caller's; an error that names it where it is NULL.
///
/// # Safety
/// The pointer is NULL or a living handle of this type, for as long as the reference is used.
pub unsafe fn borrow<'a, T>(name: &str, pointer: *const T) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.ok_or_else(|| missing(name))
}

/// The same, to change it.
///
/// # Safety
/// As [`borrow`], and nobody else uses the handle meanwhile.
pub unsafe fn borrow_mut<'a, T>(name: &str, pointer: *mut T) -> Result<&'a mut T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_mut() }.ok_or_else(|| missing(name))
}

/// A text of the caller's, `None` where the pointer is NULL; an error that names it where it is not UTF-8.
///
/// # Safety
/// The pointer is NULL or a text that ends with NUL, for as long as the reference is used.
pub unsafe fn optional_text<'a>(name: &str, pointer: *const c_char) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    let text = unsafe { CStr::from_ptr(pointer) };
    let text = text.to_str().map_err(|e| {
        Error::invalid(format!("argument {name}: it is not UTF-8 (the byte at {} is wrong)", e.valid_up_to()))
    })?;
    Ok(Some(text))
}

/// A text of the caller's that must be there.
///
/// # Safety
/// As [`optional_text`].
pub unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { optional_text(name, pointer) }?.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Error {
    Error::invalid(format!("argument {name}: it is NULL, which is not allowed here"))
}

/// Hands a handle to the caller, who ends it with the type's `_free`.
pub fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Ends a handle that was given; NULL is nothing.
///
/// # Safety
/// The pointer is NULL or came from [`give`] with the same type, and is not used again.
pub unsafe fn take_back<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(pointer) });
    }
}

/// Hands a text to the caller, who ends it with `wazo_auth_string_free`.
pub fn give_text(text: String) -> Result<*mut c_char> {
    // JSON has no NUL in it; should one come all the same, cutting the text short would be a lie.
    let text = CString::new(text).map_err(|_| {
        Error::new(crate::client::ErrorKind::Protocol, "the answer has a NUL byte in it, which no C text can hold")
    })?;
    Ok(text.into_raw())
}

/// Ends a text that was given; NULL is nothing.
///
/// # Safety
/// The pointer is NULL or came from [`give_text`], and is not used again.
pub unsafe fn take_back_text(pointer: *mut c_char) {
    if !pointer.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { CString::from_raw(pointer) });
    }
}
