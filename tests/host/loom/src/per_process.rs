//! `PerProcess`: what a process has is made once, however its threads race. A process boundary is a change of the
//! generation, as in a child.

use crate::host::fork::PerProcess;
use crate::stand_ins::GENERATION;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use std::sync::atomic::AtomicUsize as Count;

/// A value that loom watches: read without having been written before, it fails.
struct Watched {
    number: UnsafeCell<u64>,
    drops: std::sync::Arc<Count>,
}

// SAFETY: written before it is shared, which is what loom checks.
unsafe impl Sync for Watched {}
unsafe impl Send for Watched {}

impl Watched {
    fn new(number: u64, drops: &std::sync::Arc<Count>) -> Self {
        let watched = Self { number: UnsafeCell::new(0), drops: drops.clone() };
        watched.number.with_mut(|at| unsafe { *at = number });
        watched
    }

    fn read(&self) -> u64 {
        self.number.with(|at| unsafe { *at })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.drops.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

#[test]
fn threads_that_race_for_the_first_use_get_one_value_whole() {
    loom::model(|| {
        let drops = std::sync::Arc::new(Count::new(0));
        let shared = Arc::new(PerProcess::new());
        let threads: Vec<_> = (1..3)
            .map(|number| {
                let (shared, drops) = (shared.clone(), drops.clone());
                thread::spawn(move || {
                    shared.get_or_make(|| Watched::new(number, &drops), |_| panic!("nothing is inherited")).read()
                })
            })
            .collect();
        let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(seen[0], seen[1]);
        assert_eq!(shared.get().map(Watched::read), Some(seen[0]));
        drop(shared);
        let drops = drops.load(std::sync::atomic::Ordering::SeqCst);
        assert!(drops == 1 || drops == 2, "the winner once, a loser once: {drops}");
    });
}

#[test]
fn a_reader_sees_nothing_or_all() {
    loom::model(|| {
        let drops = std::sync::Arc::new(Count::new(0));
        let shared = Arc::new(PerProcess::new());
        let reader = {
            let shared = shared.clone();
            thread::spawn(move || shared.get().map(Watched::read))
        };
        shared.get_or_make(|| Watched::new(7, &drops), |_| {});
        assert!([None, Some(7)].contains(&reader.join().unwrap()));
    });
}

#[test]
fn in_a_child_one_thread_abandons_what_is_inherited_and_nobody_drops_it() {
    loom::model(|| {
        let drops = std::sync::Arc::new(Count::new(0));
        let abandoned = std::sync::Arc::new(Count::new(0));
        let shared = Arc::new(PerProcess::new());
        shared.get_or_make(|| Watched::new(1, &drops), |_| {});
        GENERATION.store(2, std::sync::atomic::Ordering::SeqCst);
        let threads: Vec<_> = (2..4)
            .map(|number| {
                let (shared, drops, abandoned) = (shared.clone(), drops.clone(), abandoned.clone());
                thread::spawn(move || {
                    let abandon = |old: &Watched| {
                        assert_eq!(old.read(), 1);
                        abandoned.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    };
                    shared.get_or_make(|| Watched::new(number, &drops), abandon).read()
                })
            })
            .collect();
        let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(seen[0] == seen[1] && seen[0] > 1);
        assert_eq!(abandoned.load(std::sync::atomic::Ordering::SeqCst), 1);
        drop(shared);
        let drops = drops.load(std::sync::atomic::Ordering::SeqCst);
        assert!(drops == 1 || drops == 2, "never the inherited one: {drops}");
    });
}

#[test]
fn a_value_that_is_good_no_more_is_replaced_once_and_nobody_drops_it() {
    loom::model(|| {
        let drops = std::sync::Arc::new(Count::new(0));
        let abandoned = std::sync::Arc::new(Count::new(0));
        let shared = Arc::new(PerProcess::new());
        shared.get_or_make(|| Watched::new(1, &drops), |_| {});
        let threads: Vec<_> = (2..4)
            .map(|number| {
                let (shared, drops, abandoned) = (shared.clone(), drops.clone(), abandoned.clone());
                thread::spawn(move || {
                    let abandon = |old: &Watched| {
                        assert_eq!(old.read(), 1);
                        abandoned.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    };
                    let is_good = |value: &Watched| value.read() != 1;
                    shared.get_or_replace(is_good, || Watched::new(number, &drops), abandon).read()
                })
            })
            .collect();
        let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(seen[0] == seen[1] && seen[0] > 1);
        assert_eq!(abandoned.load(std::sync::atomic::Ordering::SeqCst), 1);
        drop(shared);
        let drops = drops.load(std::sync::atomic::Ordering::SeqCst);
        assert!(drops == 1 || drops == 2, "never the one that was replaced: {drops}");
    });
}
