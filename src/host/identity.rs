//! What a descriptor's number stands for, so that it is noticed when the host has closed it.
//!
//! A host may close descriptors that are not its own: all of them (closefrom(3)), or one that it has closed before and that
//! has become ours meanwhile. The number then stands for nothing, or for a file or a socket of the host. So before a
//! descriptor that has lain idle is used, and before one is closed, its inode is compared: one `fstat`.

#[cfg(unix)]
pub use on_unix::Identity;
#[cfg(not(unix))]
pub use unknown::Identity;

#[cfg(unix)]
mod on_unix {
    use std::os::fd::RawFd;

    /// A number, and the inode that it stood for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Identity {
        number: RawFd,
        device: libc::dev_t,
        inode: libc::ino_t,
        mode: libc::mode_t,
    }

    impl Identity {
        /// What the number stands for now; `None` where that is nothing.
        pub fn of(number: RawFd) -> Option<Self> {
            let mut about = std::mem::MaybeUninit::<libc::stat>::uninit();
            // SAFETY: `fstat` writes the whole struct where it succeeds, and it is read only then.
            let about = unsafe {
                if libc::fstat(number, about.as_mut_ptr()) != 0 {
                    return None;
                }
                about.assume_init()
            };
            Some(Self { number, device: about.st_dev, inode: about.st_ino, mode: about.st_mode & libc::S_IFMT })
        }

        /// Whether the number still stands for it.
        pub fn is_there(&self) -> bool {
            Self::of(self.number) == Some(*self)
        }

        /// The inode, if it is that of a socket.
        pub fn socket_inode(&self) -> Option<u64> {
            (self.mode == libc::S_IFSOCK).then_some(self.inode)
        }

        /// Closes it, where the number still stands for it.
        ///
        /// # Safety
        /// It is ours, and nobody uses or closes it any more.
        #[cfg(target_os = "linux")]
        pub unsafe fn close(self) {
            if self.is_there() {
                // SAFETY: the promise of this function, and the number is not somebody else's.
                unsafe { libc::close(self.number) };
            }
        }
    }
}

#[cfg(not(unix))]
mod unknown {
    //! No inodes here: a handle is believed to be what it was.

    /// Nothing.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Identity;

    impl Identity {
        /// It is believed.
        pub fn is_there(&self) -> bool {
            true
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::fd::{AsRawFd, IntoRawFd};
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_number_that_stands_for_another_socket_is_not_taken_for_ours() {
        let (ours, _far) = UnixStream::pair().unwrap();
        let (theirs, _their_far) = UnixStream::pair().unwrap();
        let identity = Identity::of(ours.as_raw_fd()).unwrap();
        assert!(identity.is_there());
        let number = ours.into_raw_fd();
        // SAFETY: the number is owned by this test.
        unsafe { libc::dup2(theirs.as_raw_fd(), number) };
        assert!(!identity.is_there());
        // SAFETY: as above.
        unsafe { libc::close(number) };
        assert!(Identity::of(number).is_none_or(|other| other != identity));
    }
}
