//! The boundary: whatever happens on our side, the host sees a value or an error, never a panic; and its thread leaves as it
//! came (see [`crate::host::entry`]).

use super::error::wazo_auth_error;
use super::pointer;
use crate::client::{Error, ErrorKind, Result};
use crate::host::entry::Entry;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does the work of one exported function. On failure the error is written to `error` (where that is not NULL) and
/// `failure` is returned; on success `error` is not touched.
///
/// # Safety
/// `error` is NULL or valid to write a pointer to.
pub unsafe fn guard<R>(error: *mut *mut wazo_auth_error, failure: R, work: impl FnOnce() -> Result<R>) -> R {
    let _inside = Entry::begin();
    // Nothing that the work was about to change is used after a panic: handles keep their state behind locks and
    // atomics that survive one.
    let failed = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => return value,
        Ok(Err(failed)) => failed,
        Err(panic) => internal(panic.as_ref()),
    };
    if !error.is_null() {
        // SAFETY: not NULL; the rest is the caller's promise.
        unsafe { error.write(pointer::give(wazo_auth_error::new(failed))) };
    }
    failure
}

/// Does work that cannot fail, such as freeing; a panic of it is kept from the host.
pub fn contain<R>(failure: R, work: impl FnOnce() -> R) -> R {
    let _inside = Entry::begin();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(failure)
}

fn internal(panic: &(dyn Any + Send)) -> Error {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind");
    Error::new(ErrorKind::Internal, format!("a fault of this library, please report it: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_never_passes_the_boundary() {
        let mut error = std::ptr::null_mut();
        // SAFETY: a valid place for the error.
        let value = unsafe { guard(&raw mut error, -1, || panic!("on purpose, number {}", 7)) };
        assert_eq!(value, -1);
        // SAFETY: written by `guard`.
        let written = unsafe { &*error };
        assert_eq!(written.0.kind, ErrorKind::Internal);
        assert!(written.0.message.contains("on purpose, number 7"));
        // SAFETY: given by `guard`, not used again.
        unsafe { pointer::take_back(error) };
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
