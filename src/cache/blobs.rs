//! Texts of any length in a table of fixed cells: cut into pieces, each under the hash of the whole text and its number.
//!
//! A text is kept under its own hash. So the access lists of users with the same policies are kept once, and who asks for a
//! text gets all of it, as it was, or nothing.

use super::cells::{Cells, Class, Key};
use crate::host::region::Region;
use std::sync::Arc;

/// The words of a piece: with the head of its cell, eight cache lines.
const PIECE: usize = 60;
const PIECE_BYTES: usize = PIECE * 8;

/// The texts.
pub struct Blobs {
    cells: Cells<PIECE>,
    /// The longest text that is kept, in bytes: one may not displace all others.
    longest: usize,
}

impl Blobs {
    /// How many words they need.
    pub fn words(pieces: usize) -> usize {
        Cells::<PIECE>::words(pieces, 0)
    }

    /// In a part of the memory.
    pub fn new(memory: Arc<Region>, start: usize, pieces: usize) -> Self {
        Self { cells: Cells::new(memory, start, pieces, 0), longest: pieces / 4 * PIECE_BYTES }
    }

    /// Keeps a text, unless it is too long.
    pub fn put(&self, key: Key, bytes: &[u8], now_ms: u64) {
        if bytes.len() > self.longest {
            return;
        }
        for (number, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
            let of_piece = key_of_piece(key, number);
            // Mostly it is there: the text of another user, or that of the last time.
            if self.cells.find(of_piece, now_ms).is_some() {
                continue;
            }
            let mut words = [0; PIECE];
            for (word, bytes) in words.iter_mut().zip(piece.chunks(8)) {
                let mut whole = [0; 8];
                whole[..bytes.len()].copy_from_slice(bytes);
                *word = u64::from_le_bytes(whole);
            }
            self.cells.put(of_piece, Class::Kept, &words, now_ms);
        }
    }

    /// The text of this hash and length, if all of it is there.
    pub fn get(&self, key: Key, length: usize, now_ms: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length.next_multiple_of(PIECE_BYTES));
        for number in 0..length.div_ceil(PIECE_BYTES) {
            let found = self.cells.find(key_of_piece(key, number), now_ms)?;
            // In one piece: byte by byte it would take longer than all the rest.
            bytes.extend_from_slice(found.payload.map(u64::to_le_bytes).as_flattened());
        }
        bytes.truncate(length);
        Some(bytes)
    }
}

fn key_of_piece(key: Key, number: usize) -> Key {
    let number = number as u64;
    Key(key.0.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)), key.1 ^ number << 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_out_as_it_was_or_not_at_all() {
        let memory = Arc::new(Region::new(Blobs::words(200), false).unwrap());
        let blobs = Blobs::new(memory, 0, 200);
        for length in [0, 1, 7, 8, 480, 481, 4000] {
            let text: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let key = Key(length as u64 + 7, 99);
            blobs.put(key, &text, 0);
            assert_eq!(blobs.get(key, length, 0), Some(text));
            assert_eq!(blobs.get(Key(1, 2), length.max(1), 0), None);
        }
        let long = vec![1; 200 * PIECE_BYTES * 2];
        blobs.put(Key(5, 5), &long, 0);
        assert_eq!(blobs.get(Key(5, 5), long.len(), 0), None);
        assert!(blobs.get(Key(4007, 99), 4000, 0).is_some(), "it has displaced another");
    }
}
