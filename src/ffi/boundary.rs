//! The boundary: whatever happens on our side, the host sees a value or an error, never a panic.

use super::error::wazo_auth_error;
use super::panic::caught;
use super::pointer;
use crate::error::Result;

/// Does the work of one exported function. On failure the error is written to `error` (where that is not NULL) and
/// `failure` is returned; on success `error` is not touched.
///
/// # Safety
/// `error` is NULL or valid to write a pointer to.
pub unsafe fn guard<R>(error: *mut *mut wazo_auth_error, failure: R, work: impl FnOnce() -> Result<R>) -> R {
    match caught(work).and_then(|outcome| outcome) {
        Ok(value) => value,
        Err(failed) => {
            // SAFETY: the caller's promise.
            unsafe { pointer::put(error, || wazo_auth_error::new(failed)) };
            failure
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    #[test]
    fn a_panic_is_an_error_and_never_passes_the_boundary() {
        let mut error = std::ptr::null_mut();
        // SAFETY: a valid place for the error; what is written there is looked at, and taken back once.
        unsafe {
            let value = guard(&raw mut error, -1, || panic!("on purpose, number {}", 7));
            assert_eq!(value, -1);
            let written = pointer::borrow("error", error).unwrap();
            assert_eq!(written.error().kind, ErrorKind::Internal);
            assert!(written.error().message.contains("on purpose, number 7"));
            pointer::take_back(error);
        }
    }

    #[test]
    fn success_leaves_the_error_alone_and_a_null_error_is_allowed() {
        let mut error = std::ptr::dangling_mut();
        // SAFETY: a valid place; only success happens.
        assert_eq!(unsafe { guard(&raw mut error, 0, || Ok(1)) }, 1);
        assert_eq!(error, std::ptr::dangling_mut());
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { guard(std::ptr::null_mut(), 0, || Err(Error::invalid("x"))) }, 0);
    }
}
