//! Work that a panic must not leave, and the host's thread, which leaves as it came (see [`crate::host::entry`]).

use crate::error::{Error, ErrorKind};
use crate::host::entry::Entry;
use crate::host::panics;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does the work; a panic becomes an error.
pub fn caught<R>(work: impl FnOnce() -> R) -> Result<R, Error> {
    let _inside = Entry::begin();
    panics::keep_quiet();
    // Nothing that the work was about to change is used after a panic: handles keep their state behind locks and
    // atomics that survive one.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| internal(panic.as_ref()))
}

/// Does work that cannot fail, such as freeing; a panic of it is kept from the host.
pub fn contain<R>(failure: R, work: impl FnOnce() -> R) -> R {
    caught(work).unwrap_or(failure)
}

/// The same for work that makes no system call: nothing of the thread's state changes, and there is nothing to restore.
pub fn contain_quick<R>(failure: R, work: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(failure)
}

fn internal(panic: &(dyn Any + Send)) -> Error {
    let said = || panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let what = panics::last().unwrap_or_else(|| said().unwrap_or("of an unknown kind").to_owned());
    Error::new(ErrorKind::Internal, format!("a defect of this library, please report it: {what}"))
}
