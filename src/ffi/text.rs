//! Texts given to the caller, and the version.

use super::panic::contain;
use super::pointer;
use std::ffi::c_char;

/// The version of the header: the major version. wazo_auth_version() returns the version of the library.
pub const WAZO_AUTH_VERSION_MAJOR: u32 = 0;
/// The version of the header: the minor version.
pub const WAZO_AUTH_VERSION_MINOR: u32 = 1;
/// The version of the header: the patch version.
pub const WAZO_AUTH_VERSION_PATCH: u32 = 0;
/// The version of the header as one integer to compare: major * 10,000 + minor * 100 + patch.
pub const WAZO_AUTH_VERSION_NUMBER: u32 = 100;

/// Returns the version of the library, such as "0.1.0".
///
/// @return The version; valid as long as the process.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Returns the version of the library as one integer, to compare with WAZO_AUTH_VERSION_NUMBER.
///
/// @return major * 10,000 + minor * 100 + patch
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_version_number() -> u32 {
    WAZO_AUTH_VERSION_NUMBER
}

/// Frees a string that a function of this library returned as `char *`.
///
/// @param text The string, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_string_free(text: *mut c_char) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back_text(text) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_of_the_header_and_of_the_package_are_one() {
        let parts = format!("{WAZO_AUTH_VERSION_MAJOR}.{WAZO_AUTH_VERSION_MINOR}.{WAZO_AUTH_VERSION_PATCH}");
        assert_eq!(parts, env!("CARGO_PKG_VERSION"));
        let number = WAZO_AUTH_VERSION_MAJOR * 10_000 + WAZO_AUTH_VERSION_MINOR * 100 + WAZO_AUTH_VERSION_PATCH;
        assert_eq!(WAZO_AUTH_VERSION_NUMBER, number);
        assert_eq!(wazo_auth_version_number(), number);
        // SAFETY: a static text that ends with NUL.
        let version = unsafe { pointer::text("version", wazo_auth_version()) };
        assert_eq!(version.unwrap(), parts);
    }
}
