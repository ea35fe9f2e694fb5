//! The code stays mapped once a thread of this library has been started.
//!
//! A thread of a name look-up can outlive its call and the host's module, and must not return into unmapped code. On Linux
//! the linker's option `-z nodelete` sees to that (library/build.rs). Windows has no such option: there the library holds
//! itself, so that FreeLibrary() leaves it where it is.

pub use platform::keep_mapped;

#[cfg(windows)]
mod platform {
    use std::ffi::c_void;

    /// The library is named by an address inside of it, and stays until the process ends.
    const PIN: u32 = 1;
    const FROM_ADDRESS: u32 = 4;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        /// It takes a name, or an address in its place, and writes the library's handle to `module`.
        fn GetModuleHandleExW(flags: u32, name: *const u16, module: *mut *mut c_void) -> i32;
    }

    /// Has the system keep the library that this function is in.
    pub fn keep_mapped() {
        let mut module = std::ptr::null_mut();
        // SAFETY: an address inside the library, as the flag says, and a valid place for the handle. It fails only for an
        // address that is in no library.
        unsafe { GetModuleHandleExW(PIN | FROM_ADDRESS, keep_mapped as *const () as *const u16, &raw mut module) };
    }
}

#[cfg(not(windows))]
mod platform {
    /// Nothing to do.
    pub fn keep_mapped() {}
}
