//! A descriptor that is readable while something waits, for the host's own event loop.

#[cfg(target_os = "linux")]
pub use on_linux::Event;
#[cfg(all(unix, not(target_os = "linux")))]
pub use with_sockets::Event;
#[cfg(not(unix))]
pub use without_descriptor::Event;

/// The number of a descriptor of the host's C library.
pub type Descriptor = std::ffi::c_int;

#[cfg(target_os = "linux")]
mod on_linux {
    use super::Descriptor;
    use crate::host::descriptors::note_socket;
    use crate::host::identity::Identity;
    use crate::host::noted::Note;
    use std::fs::File;
    use std::io::{Error, Read, Result, Write};
    use std::mem::ManuallyDrop;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    /// A datagram socket that is connected to itself: one descriptor, close-on-exec, never blocking, with an inode of its own.
    /// (All eventfds of a system have the same inode: one of the host's could not be told from ours.) Where a sandbox
    /// forbids that, an eventfd.
    pub struct Event {
        /// Closed when this is dropped, unless the host has closed it.
        file: ManuallyDrop<File>,
        identity: Identity,
        /// By which a forked child finds it; there until this is dropped, which is before it is closed.
        note: Option<Note>,
    }

    impl Event {
        /// Not readable yet.
        pub fn new() -> Result<Self> {
            let file: File = own_socket().or_else(|_| eventfd())?.into();
            let identity = Identity::of(file.as_raw_fd()).ok_or_else(Error::last_os_error)?;
            let note = Some(note_socket(file.as_raw_fd(), Some(&identity)));
            Ok(Self { file: ManuallyDrop::new(file), identity, note })
        }

        /// Makes it readable. False where the host has closed it.
        pub fn set(&self) -> bool {
            if !self.is_there() {
                return false;
            }
            // It fails only where so much waits already that it is readable.
            let _ = (&*self.file).write(&1_u64.to_ne_bytes());
            true
        }

        /// Makes it unreadable.
        pub fn clear(&self) {
            if self.is_there() {
                while (&*self.file).read(&mut [0; 8]).is_ok_and(|length| length > 0) {}
            }
        }

        /// Whether the host has not closed it.
        pub fn is_there(&self) -> bool {
            self.identity.is_there()
        }

        /// The descriptor.
        pub fn descriptor(&self) -> Option<Descriptor> {
            Some(self.file.as_raw_fd())
        }
    }

    impl Drop for Event {
        fn drop(&mut self) {
            drop(self.note.take());
            if self.is_there() {
                // SAFETY: dropped here alone, and not used afterwards.
                unsafe { ManuallyDrop::drop(&mut self.file) };
            }
        }
    }

    /// It sends to itself alone, and receives from itself alone.
    fn own_socket() -> Result<OwnedFd> {
        const KIND: libc::c_int = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        let socket = owned(
            // SAFETY: makes a descriptor; no memory is involved.
            unsafe { libc::socket(libc::AF_UNIX, KIND, 0) },
        )?;
        let number = socket.as_raw_fd();
        // SAFETY: all zeros is a valid address.
        let mut name: libc::sockaddr_un = unsafe { std::mem::zeroed() };
        name.sun_family = libc::sa_family_t::try_from(libc::AF_UNIX).unwrap_or(0);
        let family_alone = libc::socklen_t::try_from(size_of::<libc::sa_family_t>()).unwrap_or(0);
        let mut length = libc::socklen_t::try_from(size_of::<libc::sockaddr_un>()).unwrap_or(0);
        let at = (&raw mut name).cast();
        // SAFETY: a valid address of that length. An empty name has the kernel choose one, which is in no file system.
        // `getsockname` writes no more than `length`, and says how much.
        let has_failed = unsafe {
            libc::bind(number, at, family_alone) != 0
                || libc::getsockname(number, at, &raw mut length) != 0
                || libc::connect(number, at, length) != 0
        };
        if has_failed { Err(Error::last_os_error()) } else { Ok(socket) }
    }

    fn eventfd() -> Result<OwnedFd> {
        // SAFETY: makes a descriptor; no memory is involved.
        owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
    }

    fn owned(descriptor: libc::c_int) -> Result<OwnedFd> {
        if descriptor < 0 {
            return Err(Error::last_os_error());
        }
        // SAFETY: a descriptor just made, owned by nobody else.
        Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
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
        pub fn set(&self) -> bool {
            let _ = (&self.1).write(&[1]);
            true
        }

        /// It is believed.
        pub fn is_there(&self) -> bool {
            true
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
        pub fn set(&self) -> bool {
            true
        }

        /// It is believed.
        pub fn is_there(&self) -> bool {
            true
        }

        /// Nothing to do.
        pub fn clear(&self) {}

        /// None.
        pub fn descriptor(&self) -> Option<Descriptor> {
            None
        }
    }
}
