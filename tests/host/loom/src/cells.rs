//! Cells that processes share: what is found is whole, whoever writes at the same time; and what was revoked is not used.

use crate::cache::cells::{Cells, Class, Key};
use crate::cache::cells_by_version as by_version;
use crate::cache::revoked::{Groups, Revoked};
use crate::host::region::Region;
use crate::model;
use loom::thread;
use std::sync::Arc;

const KEY: Key = Key(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210);
const NOW: u64 = 1 << 20;

/// The smallest table there is: 16 cells.
fn memory<const PAYLOAD: usize>() -> Arc<Region> {
    Arc::new(Region::new(Cells::<PAYLOAD>::words(1, 1), false).unwrap())
}

fn table<const PAYLOAD: usize>() -> Arc<Cells<PAYLOAD>> {
    Arc::new(Cells::new(memory::<PAYLOAD>(), 0, 1, 1))
}

/// One writer at a time, and no checksum: the versions alone keep a reader from a mixture.
#[test]
fn a_reader_finds_the_old_or_the_new_and_no_mixture_even_without_checksums() {
    model(3, || {
        let key = by_version::Key(KEY.0, KEY.1);
        let table = Arc::new(by_version::Cells::<2>::new(memory::<2>(), 0, 1, 1));
        table.put(key, by_version::Class::Kept, &[1, 1], NOW);
        let writer = Arc::clone(&table);
        let writer = thread::spawn(move || writer.put(key, by_version::Class::Kept, &[2, 2], NOW));
        if let Some(found) = table.find(key, NOW) {
            assert!([[1, 1], [2, 2]].contains(&found.payload), "a mixture: {:?}", found.payload);
        }
        writer.join().unwrap();
        assert_eq!(table.find(key, NOW).map(|found| found.payload), Some([2, 2]));
    });
}

/// Two writers of one cell, of which each may sleep at any instruction while the other goes on.
#[test]
fn writers_that_overtake_each_other_leave_a_whole_entry_or_none() {
    model(3, || {
        let table = table::<2>();
        let writer = Arc::clone(&table);
        let writer = thread::spawn(move || writer.put(KEY, Class::Kept, &[1, 1], NOW));
        table.put(KEY, Class::Kept, &[2, 2], NOW);
        writer.join().unwrap();
        if let Some(found) = table.find(KEY, NOW) {
            assert!([[1, 1], [2, 2]].contains(&found.payload), "a mixture: {:?}", found.payload);
        }
    });
}

/// A version names one writing: what is kept beside the cell by its version belongs to that payload and no other.
#[test]
fn a_version_has_one_payload_however_late_a_writer_wakes_up() {
    model(1, || {
        let table = table::<1>();
        table.put(KEY, Class::Kept, &[1], NOW);
        let late = Arc::clone(&table);
        let late = thread::spawn(move || late.put(KEY, Class::Kept, &[2], NOW));
        // The other begins, as far as it gets.
        thread::yield_now();
        table.put(KEY, Class::Kept, &[3], NOW);
        let first = table.find(KEY, NOW);
        late.join().unwrap();
        let second = table.find(KEY, NOW);
        if let (Some(first), Some(second)) = (first, second)
            && first.version == second.version
        {
            assert_eq!(first.payload, second.payload, "version {}", first.version);
        }
    });
}

#[test]
fn an_answer_asked_for_before_a_revocation_is_not_used_after_it_whoever_revokes_besides() {
    model(4, || {
        let revoked = Arc::new(Revoked::new(Arc::new(Region::new(Revoked::WORDS, false).unwrap()), 0));
        let mine = Groups::new(Key(1, 0), [2, 3, 0]);
        let other = Arc::clone(&revoked);
        let other = thread::spawn(move || other.one(1));
        let asked = revoked.last();
        revoked.one(1);
        assert!(!revoked.is_current(mine, asked));
        other.join().unwrap();
        assert!(!revoked.is_current(mine, asked));
        assert!(revoked.is_current(mine, revoked.last()));
    });
}

#[test]
fn revoking_everything_holds_as_well_whoever_revokes_besides() {
    model(4, || {
        let revoked = Arc::new(Revoked::new(Arc::new(Region::new(Revoked::WORDS, false).unwrap()), 0));
        let other = Arc::clone(&revoked);
        let other = thread::spawn(move || other.all());
        let asked = revoked.last();
        revoked.all();
        assert!(!revoked.is_current(Groups(0), asked));
        other.join().unwrap();
        assert!(!revoked.is_current(Groups(0), asked));
    });
}
