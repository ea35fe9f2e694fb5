//! The sockets that a forked child inherits from us, found and closed without touching the peer.
//!
//! A child shares its parent's sockets and epoll instances. Dropping them through their owners would speak for the
//! parent: TLS would say goodbye, and taking a socket out of the shared epoll instance takes it out of the parent's
//! too. Leaving them open keeps the parent's connections from ever ending. So the sockets of blocking calls are noted, and
//! the child closes what it finds noted by plain `close`. The sockets of an event loop are known to that loop alone: it
//! carries a [`Marker`], and the child looks for the epoll instance that watches the marker, in its own list of
//! descriptors, and closes what else that instance watches.
//!
//! Descriptor numbers alone are not trusted: a daemon closes everything after fork and opens other files under the same
//! numbers. The kernel names the inode of each watched file, and a number is closed only while it still stands for it.

use super::identity::Identity;
use super::noted::{List, Note};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A socket that is connected to nothing: an inode of our own to recognise an epoll instance by.
#[derive(Debug)]
pub struct Marker {
    /// Dropped before the socket.
    _note: Note,
    socket: OwnedFd,
}

/// The markers of event loops.
static MARKERS: List = List::new();

/// The sockets of blocking calls.
static SOCKETS: List = List::new();

/// Notes a socket until the note is dropped, which must be before it is closed.
pub fn note_socket(number: RawFd, identity: Option<&Identity>) -> Note {
    SOCKETS.note(number, identity.and_then(Identity::socket_inode).unwrap_or(0))
}

impl Marker {
    /// Makes one; it must be registered with the event loops that it marks.
    pub fn new() -> std::io::Result<Self> {
        #[cfg(target_os = "linux")]
        const KIND: libc::c_int = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        #[cfg(not(target_os = "linux"))]
        const KIND: libc::c_int = libc::SOCK_DGRAM;
        // SAFETY: makes a descriptor; no memory is involved.
        let socket = unsafe { libc::socket(libc::AF_UNIX, KIND, 0) };
        if socket < 0 {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: a descriptor just made, owned by nobody else.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let note = MARKERS.note(socket.as_raw_fd(), inode(socket.as_raw_fd()).unwrap_or(0));
        Ok(Self { _note: note, socket })
    }
}

impl AsRawFd for Marker {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// A marker's registration with one event loop; to be dropped before the loop.
pub type Marked = AsyncFd<Arc<Marker>>;

/// Marks the event loop that the current thread has entered.
pub fn mark_current_loop(marker: &Arc<Marker>) -> std::io::Result<Marked> {
    AsyncFd::with_interest(Arc::clone(marker), Interest::READABLE)
}

/// The inode of a socket; `None` where the number stands for no open file, or for something else than a socket.
fn inode(number: RawFd) -> Option<u64> {
    Identity::of(number)?.socket_inode()
}

/// Closes, in a child, the noted sockets of the parent, what all event loops of ours watched there, and the loops
/// themselves. Those of the child itself are told apart; a second call finds nothing.
///
/// Where `/proc` cannot be read, event loops are left: the child then keeps some sockets open that it never uses.
#[cfg(target_os = "linux")]
pub fn close_inherited() {
    for (number, known) in SOCKETS.take_inherited() {
        if inode(number) == Some(known) {
            close(number);
        }
    }
    let markers: Vec<u64> = MARKERS.take_inherited().into_iter().map(|(_, inode)| inode).collect();
    if markers.is_empty() {
        return;
    }
    let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") else { return };
    // Collected first: closing while the directory is read may skip entries.
    let loops: Vec<RawFd> = descriptors
        .flatten()
        .filter(|entry| {
            std::fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == "anon_inode:[eventpoll]")
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    for number in loops {
        let Ok(about) = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")) else { continue };
        let watched: Vec<(RawFd, u64)> = about.lines().filter_map(watched).collect();
        if !watched.iter().any(|(_, inode)| markers.contains(inode)) {
            continue;
        }
        for (socket, known) in watched {
            if inode(socket) == Some(known) {
                close(socket);
            }
        }
        close(number);
    }
}

/// Other systems have no list of what an event loop watches: nothing is closed.
#[cfg(not(target_os = "linux"))]
pub fn close_inherited() {}

/// A line of an epoll instance's fdinfo: `tfd:       10 events: ... ino:9c4b sdev:8`, numbers in hexadecimal.
#[cfg(target_os = "linux")]
pub fn watched(line: &str) -> Option<(RawFd, u64)> {
    let mut words = line.strip_prefix("tfd:")?.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let inode = words.find_map(|word| word.strip_prefix("ino:"))?;
    Some((number, u64::from_str_radix(inode, 16).ok()?))
}

#[cfg(target_os = "linux")]
fn close(number: RawFd) {
    // SAFETY: the number stands for a socket or an epoll instance of ours, checked by its inode, whose owner in this
    // child (an event loop that is never entered or dropped again) will not use it.
    unsafe { libc::close(number) };
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn epoll() -> OwnedFd {
        // SAFETY: makes a descriptor.
        unsafe { OwnedFd::from_raw_fd(libc::epoll_create1(libc::EPOLL_CLOEXEC)) }
    }

    fn watch(epoll: &OwnedFd, socket: &impl AsRawFd) {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
        // SAFETY: valid descriptors and a valid event.
        let added =
            unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &raw mut event) };
        assert_eq!(added, 0);
    }

    #[test]
    fn only_sockets_of_the_marked_loop_are_closed() {
        let (ours, theirs) = (epoll(), epoll());
        let marker = Marker::new().unwrap();
        let (a, b) = std::os::unix::net::UnixStream::pair().unwrap();
        watch(&ours, &marker);
        watch(&ours, &a);
        watch(&theirs, &b);
        let (ours, a, marker_number) = (ours.as_raw_fd(), a.as_raw_fd(), marker.as_raw_fd());
        // The test plays parent and child in one: a descriptor that `close_inherited` closes must not be closed again.
        let child = {
            // SAFETY: the child makes no use of other threads and ends by `_exit`.
            unsafe { libc::fork() }
        };
        if child == 0 {
            close_inherited();
            // SAFETY: looking at descriptors, then ending the child.
            unsafe {
                let open = |number| libc::fcntl(number, libc::F_GETFD) != -1;
                let right =
                    !open(ours) && !open(a) && !open(marker_number) && open(theirs.as_raw_fd()) && open(b.as_raw_fd());
                libc::_exit(i32::from(!right));
            }
        }
        let mut status = 0;
        // SAFETY: waits for the child made above.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0, "the child found the wrong descriptors open");
    }

    #[test]
    fn a_number_that_was_reused_is_left_alone() {
        let ours = epoll();
        let marker = Marker::new().unwrap();
        let (a, _b) = std::os::unix::net::UnixStream::pair().unwrap();
        let (other, _far) = std::os::unix::net::UnixStream::pair().unwrap();
        watch(&ours, &marker);
        watch(&ours, &a);
        // SAFETY: the child ends by `_exit`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: the number of `a` now stands for another socket, as after a daemon closed everything.
            unsafe {
                libc::dup2(other.as_raw_fd(), a.as_raw_fd());
                close_inherited();
                libc::_exit(i32::from(libc::fcntl(a.as_raw_fd(), libc::F_GETFD) == -1));
            }
        }
        let mut status = 0;
        // SAFETY: waits for the child made above.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0, "a host's socket was closed");
    }
}
