//! The code stays mapped once a thread of this library has been started.
//!
//! A thread of a name look-up can outlive its call and the host's module, and must not return into unmapped code. On Linux
//! the linker's option `-z nodelete` sees to that (library/build.rs). Windows has no such option: there the library holds
//! itself, so that FreeLibrary() leaves it where it is.

/// Has the system keep the library that this function is in, for as long as the process lives.
#[cfg(windows)]
pub fn keep_mapped() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };
    const PINNED_BY_ADDRESS: u32 = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    let mut module = std::ptr::null_mut();
    // SAFETY: an address inside the library in the place of a name, as the flag says, and a valid place for the handle. It
    // fails only for an address that is in no library.
    unsafe { GetModuleHandleExW(PINNED_BY_ADDRESS, keep_mapped as *const () as *const u16, &raw mut module) };
}

/// Nothing to do.
#[cfg(not(windows))]
pub fn keep_mapped() {}
