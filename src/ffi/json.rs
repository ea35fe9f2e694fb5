//! Just enough of JSON for a C program without a JSON library: to take a value out of an answer, and to put a text into a
//! body. What people write for that by hand is `strstr` and `sprintf`, and both are holes.

use super::boundary::guard;
use super::error::wazo_auth_error;
use super::pointer;
use crate::error::Error;
use crate::json::{Json, pointed_at, quoted};
use serde_json::value::RawValue;
use std::ffi::c_char;

/// Returns a value of a JSON document.
///
/// Example: char *token = wazo_auth_json_get(answer, "/token", &error);
///
/// @param json The JSON document.
/// @param path The position of the value, a JSON Pointer (RFC 6901): "/token", "/metadata/uuid", "/items/0/uuid"; ""
/// for the whole document.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The content of a string, or the JSON of any other value. NULL without an error if the value does not exist
/// or is null; NULL on failure. Free it with wazo_auth_string_free().
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_json_get(
    json: *const c_char,
    path: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let (json, path) = (pointer::text("json", json)?, pointer::text("path", path)?);
            if !path.is_empty() && !path.starts_with('/') {
                return Err(Error::invalid(r#"argument path: expected a JSON Pointer, such as "/items/0/uuid""#));
            }
            // The text itself is not repeated: it may hold a token.
            let document: &RawValue = serde_json::from_str(json).map_err(|e| {
                Error::invalid(format!("argument json: it is not JSON (line {}, column {})", e.line(), e.column()))
            })?;
            let Some(value) = pointed_at(document, path) else { return Ok(std::ptr::null_mut()) };
            match Json::of(value) {
                Some(Json::Null) => Ok(std::ptr::null_mut()),
                Some(Json::Text(text)) => pointer::give_text(text),
                None if value.get().starts_with('"') => Err(Error::invalid(
                    "argument json: the string at this path is not valid Unicode (lone surrogate, such as \"\\ud800\")",
                )),
                _ => pointer::give_text(value.get().to_owned()),
            }
        })
    }
}

/// Writes a string as a JSON string, with quotation marks, to insert it into a JSON document.
///
/// @param text The string.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The JSON string; free it with wazo_auth_string_free(). NULL if the string is NULL or not UTF-8.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_json_quote(text: *const c_char, error: *mut *mut wazo_auth_error) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe { guard(error, std::ptr::null_mut(), || pointer::give_text(quoted(pointer::text("text", text)?))) }
}

#[cfg(test)]
mod tests {
    use super::super::text::wazo_auth_string_free;
    use super::*;
    use std::ffi::CString;

    fn get(json: &str, path: &str) -> Option<String> {
        let (json, path) = (CString::new(json).unwrap(), CString::new(path).unwrap());
        // SAFETY: texts that end with NUL and live as long as the call; what it gives is freed once.
        unsafe {
            let text = wazo_auth_json_get(json.as_ptr(), path.as_ptr(), std::ptr::null_mut());
            let copy = pointer::optional_text("text", text).unwrap().map(str::to_owned);
            wazo_auth_string_free(text);
            copy
        }
    }

    #[test]
    fn a_value_comes_out_as_the_server_wrote_it_and_no_name_is_an_instruction() {
        let json = r#"{"token": "h\u00fc", "n": 1.10, "none": null, "o": {"a": [true]}}"#;
        assert_eq!(get(json, "/token").as_deref(), Some("hü"));
        assert_eq!(get(json, "/n").as_deref(), Some("1.10"));
        assert_eq!(get(json, "/o").as_deref(), Some(r#"{"a": [true]}"#));
        assert_eq!(get(json, "/o/a/0").as_deref(), Some("true"));
        assert_eq!(get(json, "/none"), None);
        let magic = r#"{"$serde_json::private::RawValue":"{\"token\":\"x\"}"}"#;
        assert_eq!(get(magic, "/token"), None);
        assert_eq!(get(r#"["\ud800"]"#, "/0"), None);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}7{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(get(&deep, "/0/0/1"), None);
        assert_eq!(get(&deep, "").map(|text| text.len()), Some(deep.len()));
    }
}
