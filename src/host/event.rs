//! A descriptor that is readable while something waits, for the host's own event loop.

#[cfg(target_os = "linux")]
pub use with_eventfd::Event;
#[cfg(all(unix, not(target_os = "linux")))]
pub use with_sockets::Event;
#[cfg(not(unix))]
pub use without_descriptor::Event;

/// The number of a descriptor of the host's C library.
pub type Descriptor = std::ffi::c_int;

#[cfg(target_os = "linux")]
mod with_eventfd {
    use super::Descriptor;
    use std::io::{Read, Write};
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    /// An eventfd: one descriptor, close-on-exec, never blocking.
    pub struct Event(std::fs::File);

    impl Event {
        /// Not readable yet.
        pub fn new() -> std::io::Result<Self> {
            // SAFETY: makes a descriptor; no memory is involved.
            let descriptor = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
            if descriptor < 0 {
                return Err(std::io::Error::last_os_error());
            }
            // SAFETY: a descriptor just made, owned by nobody else.
            Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }.into()))
        }

        /// Makes it readable.
        pub fn set(&self) {
            // It fails only where the counter is full, and then it is readable already.
            let _ = (&self.0).write(&1_u64.to_ne_bytes());
        }

        /// Makes it unreadable.
        pub fn clear(&self) {
            // It fails only where it was not readable.
            let _ = (&self.0).read(&mut [0; 8]);
        }

        /// The descriptor.
        pub fn descriptor(&self) -> Option<Descriptor> {
            Some(self.0.as_raw_fd())
        }
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod with_sockets {
    use super::Descriptor;
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    /// A pair of sockets: what is written to one makes the other readable.
    pub struct Event(UnixStream, UnixStream);

    impl Event {
        /// Not readable yet.
        pub fn new() -> std::io::Result<Self> {
            let (near, far) = UnixStream::pair()?;
            near.set_nonblocking(true)?;
            far.set_nonblocking(true)?;
            Ok(Self(near, far))
        }

        /// Makes it readable.
        pub fn set(&self) {
            let _ = (&self.1).write(&[1]);
        }

        /// Makes it unreadable.
        pub fn clear(&self) {
            let mut taken = [0; 64];
            while (&self.0).read(&mut taken).is_ok_and(|length| length == taken.len()) {}
        }

        /// The descriptor.
        pub fn descriptor(&self) -> Option<Descriptor> {
            Some(self.0.as_raw_fd())
        }
    }
}

#[cfg(not(unix))]
mod without_descriptor {
    //! No descriptor here that an event loop could wait for.
    use super::Descriptor;

    /// Nothing.
    pub struct Event;

    impl Event {
        /// Nothing.
        pub fn new() -> std::io::Result<Self> {
            Ok(Self)
        }

        /// Nothing to do.
        pub fn set(&self) {}

        /// Nothing to do.
        pub fn clear(&self) {}

        /// None.
        pub fn descriptor(&self) -> Option<Descriptor> {
            None
        }
    }
}
