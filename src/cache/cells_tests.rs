//! What the table promises.

use super::*;
use crate::schedule::Random;
use std::collections::HashMap;

const PAYLOAD: usize = 11;

fn table(cells: usize) -> Cells<PAYLOAD> {
    let memory = Region::new(Cells::<PAYLOAD>::words(cells, 9), false).unwrap();
    Cells::new(Arc::new(memory), 0, cells, 9)
}

fn key(number: u64) -> Key {
    let random = Random::new(number);
    Key(random.next(), random.next())
}

fn payload(number: u64) -> [u64; PAYLOAD] {
    std::array::from_fn(|at| number.wrapping_mul(at as u64 + 1))
}

#[test]
fn what_was_put_is_found_until_it_is_displaced_and_nothing_else_is() {
    let table = table(1000);
    let displaced = (0..1000).filter(|number| table.put(key(*number), Class::Kept, &payload(*number), 0)).count();
    let found = (0..1000).filter(|number| {
        table.find(key(*number), 0).is_some_and(|found| {
            assert_eq!(found.payload, payload(*number));
            true
        })
    });
    assert_eq!(found.count(), 1000 - displaced);
    assert!(displaced <= 10, "{displaced} of 1,000 found no room");
    assert!((1000..2000).all(|number| table.find(key(number), 0).is_none()));
    assert_eq!(table.count(), 1000 - displaced);
    assert!(!table.put(key(7), Class::Kept, &payload(8), 0));
    assert_eq!(table.find(key(7), 0).unwrap().payload, payload(8));
}

#[test]
fn what_was_not_used_for_longest_makes_room() {
    let table = table(1000);
    (0..900).for_each(|number| {
        table.put(key(number), Class::Kept, &payload(number), 1_000_000);
    });
    // These are used later, the others never again.
    let used: Vec<u64> = (0..900).step_by(3).filter(|number| table.find(key(*number), 2_000_000).is_some()).collect();
    (10_000..10_600).for_each(|number| {
        table.put(key(number), Class::Kept, &payload(number), 3_000_000);
    });
    let kept = used.iter().filter(|number| table.find(key(**number), 3_000_000).is_some()).count();
    assert!(kept * 100 >= used.len() * 95, "{kept} of {}", used.len());
}

#[test]
fn a_flood_of_negative_entries_displaces_each_other_alone() {
    let table = table(1000);
    let kept: Vec<u64> =
        (0..700).filter(|number| !table.put(key(*number), Class::Kept, &payload(*number), 0)).collect();
    (10_000..60_000).for_each(|number| {
        table.put(key(number), Class::Negative, &payload(number), 1_000_000 + number);
    });
    let left = kept.iter().filter(|number| table.find(key(**number), 0).is_some()).count();
    assert!(left * 100 >= kept.len() * 80, "{left} of {}", kept.len());
    assert!(table.find(key(59_999), 0).is_some());
}

#[test]
fn a_loose_word_belongs_to_its_cell_until_that_is_written_again() {
    let table = table(10);
    table.put(key(1), Class::Kept, &payload(1), 0);
    let found = table.find(key(1), 0).unwrap();
    for word in 1..=9 {
        table.add_loose(&found, word);
    }
    assert!((1..=9).all(|word| table.loose(&found, |known| known == word).is_some()));
    table.add_loose(&found, 10);
    assert!(table.loose(&found, |known| known == 10).is_some());
    table.put(key(1), Class::Kept, &payload(1), 0);
    let found = table.find(key(1), 0).unwrap();
    assert!((1..=10).all(|word| table.loose(&found, |known| known == word).is_none()));
}

#[test]
fn a_writer_that_stopped_at_any_store_leaves_nothing_torn_and_nothing_locked() {
    // A write as a list of its stores, in their order; it stops after each of them in turn, another one writes meanwhile,
    // and then it wakes up and goes on.
    let (old, dead, new) = (payload(1), payload(2), payload(3));
    let stores = HEAD + PAYLOAD;
    for stop in 1..=stores {
        let table = table(4);
        table.put(key(9), Class::Kept, &old, 0);
        let cell = table.find(key(9), 0).unwrap().cell;
        let words = &table.memory[cell..];
        let before = words[0].load(Ordering::SeqCst);
        let version = before + 2;
        let mut list = vec![(0, before + 1), (1, checksum(version, key(9), &dead)), (2, key(9).0), (3, key(9).1)];
        list.extend(dead.iter().enumerate().map(|(at, word)| (HEAD + at, *word)));
        let (first, rest) = list.split_at(stop);
        for (at, word) in first {
            words[*at].store(*word, Ordering::SeqCst);
        }
        let found = table.find(key(9), 0).map(|found| found.payload);
        assert_eq!(found, None, "stopped after {stop} stores");
        table.put(key(9), Class::Kept, &new, 0);
        assert_eq!(table.find(key(9), 0).unwrap().payload, new, "nothing is locked");
        rest.iter().filter(|(at, _)| *at != 0).for_each(|(at, word)| words[*at].store(*word, Ordering::SeqCst));
        let found = table.find(key(9), 0).map(|found| found.payload);
        assert!(found.is_none() || found == Some(new), "stopped after {stop} stores: {found:?}");
    }
}

#[test]
fn threads_that_write_and_read_at_once_see_whole_cells_only() {
    let table = Arc::new(table(64));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let table = Arc::clone(&table);
            std::thread::spawn(move || {
                let random = Random::new(thread);
                let mut seen = HashMap::new();
                for _ in 0..50_000 {
                    let number = random.below(100);
                    if random.below(4) == 0 {
                        table.put(key(number), Class::Kept, &payload(number + 1000 * random.below(50)), 0);
                    } else if let Some(found) = table.find(key(number), 0) {
                        let written = found.payload[0];
                        assert_eq!(found.payload, payload(written), "a torn cell");
                        assert_eq!(written % 1000, number, "somebody else's cell");
                        *seen.entry(number).or_insert(0) += 1;
                    }
                }
                seen.len()
            })
        })
        .collect();
    assert!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>() > 100);
}
