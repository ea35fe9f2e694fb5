//! Raw pointers in, safe types out, and back: the only file in which that happens. Who owns what is in the names: `borrow`
//! leaves it with the caller, `give` hands it to the caller, `take_back` ends it.
//!
//! A handle carries a word that says what it is. It is read on entry and overwritten when the handle is freed, so that NULL,
//! a handle of another type and, as long as nobody else uses its memory, a freed one are errors that say so. That is a help
//! for whoever looks for a mistake, and no licence to make it: after a free the memory belongs to somebody else.

use crate::error::{Error, ErrorKind, Result};
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a handle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
#[allow(missing_docs)]
pub enum HandleType {
    Options = 0x7761_7a6f_6f70_7401,
    Client = 0x7761_7a6f_636c_6902,
    Error = 0x7761_7a6f_6572_7203,
    Cancellation = 0x7761_7a6f_6361_6e04,
    Queue = 0x7761_7a6f_7175_6505,
    Completion = 0x7761_7a6f_636f_6d06,
    Access = 0x7761_7a6f_6163_6c07,
    Verifier = 0x7761_7a6f_7665_7208,
    Renewer = 0x7761_7a6f_7265_6e09,
    Pages = 0x7761_7a6f_7061_670a,
    Health = 0x7761_7a6f_6865_610b,
}

impl HandleType {
    const ALL: [Self; 11] = [
        Self::Options,
        Self::Client,
        Self::Error,
        Self::Cancellation,
        Self::Queue,
        Self::Completion,
        Self::Access,
        Self::Verifier,
        Self::Renewer,
        Self::Pages,
        Self::Health,
    ];

    /// The type's name in C.
    const fn name(self) -> &'static str {
        match self {
            Self::Options => "wazo_auth_options",
            Self::Client => "wazo_auth_client",
            Self::Error => "wazo_auth_error",
            Self::Cancellation => "wazo_auth_cancellation",
            Self::Queue => "wazo_auth_queue",
            Self::Completion => "wazo_auth_completion",
            Self::Access => "wazo_auth_access",
            Self::Verifier => "wazo_auth_verifier",
            Self::Renewer => "wazo_auth_renewer",
            Self::Pages => "wazo_auth_pages",
            Self::Health => "wazo_auth_health",
        }
    }
}

/// The word of a handle that has been freed.
const FREED: u64 = 0x7761_7a6f_6672_65ff;

/// A type that C has pointers to.
pub trait Handle {
    /// What it is.
    const TYPE: HandleType;
}

/// A handle as it lies in memory.
#[repr(C)]
pub struct Shell<T> {
    /// Allocators write their own lists over the beginning of freed memory; the word stands behind that.
    _spare: [u64; 2],
    word: AtomicU64,
    value: T,
}

impl<T: Handle> Shell<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self { _spare: [0; 2], word: AtomicU64::new(T::TYPE as u64), value }
    }

    /// A pointer for C that lives as long as the shell.
    pub fn lend(&self) -> *const T {
        ptr::from_ref(self).cast()
    }
}

impl<T> Drop for Shell<T> {
    fn drop(&mut self) {
        // Volatile: nobody of ours reads it any more, so another write could be left out.
        // SAFETY: a valid place, that this has for itself.
        unsafe { ptr::write_volatile(self.word.as_ptr(), FREED) };
    }
}

/// What is wrong with a pointer to a handle.
enum Wrong {
    Null,
    Freed,
    Other(&'static str),
    Unknown,
}

/// The shell that a pointer of C's stands for.
///
/// # Safety
/// The pointer is NULL or was given by this library, as whatever type, and has not been freed. (Where that is broken, most
/// mistakes are found, and none is made worse.)
unsafe fn shell<'a, T: Handle>(pointer: *const T) -> Result<&'a Shell<T>, Wrong> {
    let shell = pointer.cast::<Shell<T>>();
    if shell.is_null() {
        return Err(Wrong::Null);
    }
    if !shell.is_aligned() {
        return Err(Wrong::Unknown);
    }
    // SAFETY: the caller's promise; the word stands at the same place in the shell of every type.
    let word = unsafe { (*ptr::addr_of!((*shell).word)).load(Ordering::Acquire) };
    if word == T::TYPE as u64 {
        // SAFETY: it was given by this library as this type.
        return Ok(unsafe { &*shell });
    }
    let known = HandleType::ALL.into_iter().find(|known| *known as u64 == word);
    Err(match known {
        Some(other) => Wrong::Other(other.name()),
        None if word == FREED => Wrong::Freed,
        None => Wrong::Unknown,
    })
}

fn wrong<T: Handle>(name: &str, wrong: &Wrong) -> Error {
    let expected = T::TYPE.name();
    Error::invalid(match wrong {
        Wrong::Null => format!("argument {name}: it is NULL; expected a {expected}"),
        Wrong::Freed => format!("argument {name}: the {expected} has been freed already"),
        Wrong::Other(other) => format!("argument {name}: it is a {other}; expected a {expected}"),
        Wrong::Unknown => format!("argument {name}: it is no handle of this library; expected a {expected}"),
    })
}

/// A handle that stays the caller's; an error that names it where it is none of this type.
///
/// # Safety
/// As `shell`, for as long as the reference is used.
pub unsafe fn borrow<'a, T: Handle + 'a>(name: &str, pointer: *const T) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { shell(pointer) }.map(|shell| &shell.value).map_err(|found| wrong::<T>(name, &found))
}

/// The same, `None` where it is NULL or none of this type: for functions that have no place for an error.
///
/// # Safety
/// As [`borrow`].
pub unsafe fn borrow_optional<'a, T: Handle + 'a>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { shell(pointer) }.map(|shell| &shell.value).ok()
}

/// The same as [`borrow`], to change it.
///
/// # Safety
/// As [`borrow`], and nobody else uses the handle meanwhile.
pub unsafe fn borrow_mut<'a, T: Handle + 'a>(name: &str, pointer: *mut T) -> Result<&'a mut T> {
    // SAFETY: the caller's promise. It is looked at first, and borrowed again to be changed when that has ended.
    unsafe { shell(pointer.cast_const()) }.map(|_| ()).map_err(|found| wrong::<T>(name, &found))?;
    // SAFETY: it is a living shell of this type, which nobody else uses.
    Ok(unsafe { &mut (*pointer.cast::<Shell<T>>()).value })
}

/// Hands a handle to the caller, who ends it with the type's `_free`.
pub fn give<T: Handle>(value: T) -> *mut T {
    Box::into_raw(Box::new(Shell::new(value))).cast()
}

/// Hands a handle to the caller at a place of the caller's; one that is NULL is not asked for.
///
/// # Safety
/// The place is NULL or valid to write a pointer to.
pub unsafe fn put<T: Handle>(place: *mut *mut T, value: impl FnOnce() -> T) {
    if !place.is_null() {
        // SAFETY: not NULL; the rest is the caller's promise.
        unsafe { place.write(give(value())) };
    }
}

/// Ends a handle that was given; NULL is nothing, and so is one that is no handle of this type any more.
///
/// # Safety
/// As `shell`; the pointer came from [`give`] and is not used again.
pub unsafe fn take_back<T: Handle>(pointer: *mut T) {
    // SAFETY: the caller's promise.
    let Ok(shell) = (unsafe { shell(pointer.cast_const()) }) else { return };
    // Of two threads that free it at once by mistake, one does.
    let taken = shell.word.compare_exchange(T::TYPE as u64, FREED, Ordering::AcqRel, Ordering::Relaxed);
    if taken.is_ok() {
        // SAFETY: `give` made it, and nobody else takes it back.
        drop(unsafe { Box::from_raw(pointer.cast::<Shell<T>>()) });
    }
}

/// A text of the caller's, `None` where the pointer is NULL; an error that names it where it is not UTF-8.
///
/// # Safety
/// The pointer is NULL or a text that ends with NUL, for as long as the reference is used.
pub unsafe fn optional_text<'a>(name: &str, pointer: *const c_char) -> Result<Option<&'a str>> {
    // SAFETY: the caller's promise.
    let Some(text) = (unsafe { optional_bytes(pointer) }) else { return Ok(None) };
    let text = utf8(text).map_err(|e| {
        Error::invalid(format!(
            "argument {name}: expected UTF-8, but the byte at offset {} is invalid",
            e.valid_up_to()
        ))
    })?;
    Ok(Some(text))
}

/// A text that must be there.
///
/// # Safety
/// As [`optional_text`].
pub unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { optional_text(name, pointer) }?.ok_or_else(|| missing(name))
}

/// A text that must be there, and that comes from the other side of the network: what is not UTF-8 in it is replaced, which
/// makes it a text that nobody has.
///
/// # Safety
/// As [`optional_text`].
pub unsafe fn foreign_text(name: &str, pointer: *const c_char) -> Result<String> {
    // SAFETY: the caller's promise.
    let text = unsafe { optional_bytes(pointer) }.ok_or_else(|| missing(name))?;
    Ok(text.to_string_lossy().into_owned())
}

/// The same, not copied where it is UTF-8.
///
/// # Safety
/// As [`optional_text`].
pub unsafe fn foreign<'a>(name: &str, pointer: *const c_char) -> Result<std::borrow::Cow<'a, str>> {
    // SAFETY: the caller's promise.
    let text: Option<&'a CStr> = unsafe { optional_bytes(pointer) };
    let text = text.ok_or_else(|| missing(name))?;
    // Nearly all are UTF-8, which is seen sooner so.
    Ok(utf8(text).map_or_else(|_| text.to_string_lossy(), std::borrow::Cow::Borrowed))
}

/// Writes a value to a place of the caller's, where there is one.
///
/// # Safety
/// `place` is NULL or valid to write to.
pub unsafe fn put_value<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the caller's promise.
        unsafe { place.write(value) };
    }
}

/// # Safety
/// As [`optional_text`].
unsafe fn optional_bytes<'a>(pointer: *const c_char) -> Option<&'a CStr> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    Some(unsafe { CStr::from_ptr(pointer) })
}

/// A text as UTF-8. Nearly all are ASCII, which is seen with vector instructions.
fn utf8(text: &CStr) -> Result<&str, std::str::Utf8Error> {
    let bytes = text.to_bytes();
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes)
}

fn missing(name: &str) -> Error {
    Error::invalid(format!("argument {name}: it is NULL; expected a string"))
}

/// Hands a text to the caller, who ends it with `wazo_auth_string_free`.
pub fn give_text(text: String) -> Result<*mut c_char> {
    c_text(text).map(CString::into_raw)
}

/// A text as C has it, in its own memory where that has room for one byte more. It may be as long as a server made it.
pub fn c_text(mut text: String) -> Result<CString> {
    // JSON has no NUL in it; should one come all the same, cutting the text short would be a lie.
    if memchr::memchr(0, text.as_bytes()).is_some() {
        let message = "the response contains a NUL byte, which a C string cannot contain";
        return Err(Error::new(ErrorKind::Protocol, message));
    }
    text.try_reserve_exact(1).map_err(|_| Error::no_memory(text.len()))?;
    // SAFETY: there is no NUL in it.
    Ok(unsafe { CString::from_vec_unchecked(text.into_bytes()) })
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

#[cfg(test)]
mod tests {
    use super::*;

    struct One(u32);
    impl Handle for One {
        const TYPE: HandleType = HandleType::Queue;
    }
    #[derive(Debug)]
    struct Two;
    impl Handle for Two {
        const TYPE: HandleType = HandleType::Client;
    }

    #[test]
    fn a_handle_is_what_it_says_and_nothing_else() {
        let one = give(One(7));
        // SAFETY: a living handle, taken for another one on purpose, which is what is tested; then freed once.
        unsafe {
            assert_eq!(borrow("queue", one).unwrap().0, 7);
            borrow_mut("queue", one).unwrap().0 = 8;
            assert_eq!(borrow_optional(one).unwrap().0, 8);
            let error = borrow("client", one.cast::<Two>()).unwrap_err();
            assert_eq!(error.message, "argument client: it is a wazo_auth_queue; expected a wazo_auth_client");
            assert!(borrow_optional(one.cast::<Two>()).is_none());
            let error = borrow("client", ptr::null::<Two>()).unwrap_err();
            assert_eq!(error.message, "argument client: it is NULL; expected a wazo_auth_client");
            let error = borrow("client", one.byte_add(1).cast::<Two>()).unwrap_err();
            assert!(error.message.contains("no handle of this library"), "{error}");
            // Freed as what it is not: it lives on.
            take_back(one.cast::<Two>());
            assert_eq!(borrow("queue", one).unwrap().0, 8);
            take_back(one);
        }
    }

    #[test]
    fn a_freed_handle_says_so_as_long_as_its_memory_is_not_used_again() {
        // Memory of the test's own, so that looking at it afterwards is allowed.
        let mut memory = Box::new(std::mem::MaybeUninit::new(Shell::new(Two)));
        let pointer = memory.as_mut_ptr();
        // SAFETY: a shell that is dropped in its place; the memory lives on.
        unsafe {
            pointer.drop_in_place();
            let error = borrow("client", pointer.cast::<Two>()).unwrap_err();
            assert_eq!(error.message, "argument client: the wazo_auth_client has been freed already");
            take_back(pointer.cast::<Two>());
        }
    }
}
