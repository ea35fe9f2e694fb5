//! The C library: the Rust crate as a shared and a static library, and nothing else.
//!
//! It is a package of its own because Cargo optimises across crates (`lto`) only where no Rust library is made beside: the
//! shared library is smaller so, and a call has fewer instructions.

// Its functions are exported by their C names; nothing else is used.
use rust::host::wiping::Wiping;

/// Secrets do not outlive their use: whatever is freed is wiped, in every crate of the library. The host's own memory is not
/// concerned.
#[global_allocator]
static MEMORY: Wiping = Wiping;
