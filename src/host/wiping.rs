//! An allocator that wipes what is freed: the system's own, with zeros written over each block before it goes back.
//!
//! Tokens and passwords go through buffers of the transport and of TLS, are moved and copied on their way, and stand in many
//! texts. What wipes itself wipes the copies that one knows of. This wipes all of them, and costs a call about 2 % of its
//! instructions (docs/design.md). The C library has it for its own memory; the
//! host's malloc is left alone. A Rust program gets it by
//!
//!     #[global_allocator]
//!     static MEMORY: wazo_auth_client::host::wiping::Wiping = wazo_auth_client::host::wiping::Wiping;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

/// The system's allocator, which leaves nothing behind in what it frees.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wiping;

// SAFETY: all memory is that of `System`, by layouts that are passed on as they came.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block has this many bytes, and its owner is done with it.
        unsafe {
            wipe(block, layout.size());
            System.dealloc(block, layout);
        }
    }

    /// Not the system's, which moves a block and leaves the old one as it was. Only a large one that becomes smaller stays
    /// with it, so that it stays where it is and does not take its room twice.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises a size that is valid with this alignment, and a block of the layout; both blocks are
        // as long as what is copied, and apart.
        unsafe {
            if layout.size() >= LARGE && size <= layout.size() {
                wipe(block.add(size), layout.size() - size);
                return System.realloc(block, layout, size);
            }
            let moved = System.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

/// From here on, allocators give pages back instead of moving what is in them.
const LARGE: usize = 128 << 10;

/// What is wiped at once: so much is written with vector instructions. From 2 KiB on, the C library writes byte by byte in the
/// processor's own loop, which counts as one instruction for each byte.
const PIECE: usize = 1024;

/// # Safety
/// The block has this many bytes, and nobody reads them again.
#[inline]
unsafe fn wipe(block: *mut u8, length: usize) {
    let mut wiped = 0;
    while wiped < length {
        let piece = PIECE.min(length - wiped);
        // SAFETY: the caller's promise.
        unsafe { block.add(wiped).write_bytes(0, piece) };
        // A compiler knows that nobody reads what is freed, and would leave the zeros out.
        black_box(block);
        wiped += piece;
    }
}
