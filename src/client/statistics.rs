//! What an engine has done so far: counters, and how long calls took. Always on, so a call costs a few relaxed additions
//! to them, without a lock and without memory of its own.
//!
//! A forked child goes on from the numbers of its parent: they are plain memory. Only the calls in progress are of each
//! process, as the child never sees the end of its parent's.

use super::connection::phase::{self, Phase};
use crate::error::ErrorKind;
use crate::host::fork::PerProcess;
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The counters of one engine.
#[derive(Default)]
pub struct Statistics {
    begun: AtomicU64,
    running: PerProcess<AtomicU64>,
    succeeded: AtomicU64,
    /// By the numbers of the kinds, less one.
    errors: [AtomicU64; ErrorKind::ALL.len()],
    repeated: AtomicU64,
    opened: AtomicU64,
    reused: AtomicU64,
    bytes: AtomicU64,
    latency: Histogram,
}

/// A call in progress, until dropped: a task can be dropped in the middle.
pub struct Running<'a>(&'a AtomicU64);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Statistics {
    /// A call begins.
    pub fn begin(&self) -> Running<'_> {
        let running = self.running.get_or_make(AtomicU64::default, |_| {});
        add(&self.begun, 1);
        add(running, 1);
        Running(running)
    }

    /// A call has ended after this time; with an error of this kind, or well.
    pub fn ended(&self, kind: Option<ErrorKind>, after: Duration) {
        match kind {
            None => add(&self.succeeded, 1),
            Some(kind) => add(&self.errors[kind as usize - 1], 1),
        }
        self.latency.record(u64::try_from(after.as_micros()).unwrap_or(u64::MAX));
    }

    /// An attempt follows another one; returns what [`Statistics::attempted`] does.
    pub fn repeated(&self) -> Option<bool> {
        add(&self.repeated, 1);
        self.attempted()
    }

    /// The attempt of the call that runs has ended, wherever it was; told before its phase is left. One that never had a
    /// connection does not count. Returns whether the connection was there before.
    pub fn attempted(&self) -> Option<bool> {
        if !matches!(phase::current(), Phase::Sending | Phase::Receiving | Phase::Refused) {
            return None;
        }
        let is_reused = phase::has_reused();
        add(if is_reused { &self.reused } else { &self.opened }, 1);
        Some(is_reused)
    }

    /// A body has come.
    pub fn received(&self, bytes: usize) {
        add(&self.bytes, bytes as u64);
    }

    /// Everything, as JSON.
    pub fn to_json(&self) -> String {
        let errors: Map<String, Value> = ErrorKind::ALL
            .iter()
            .map(|kind| (kind.name().to_owned(), read(&self.errors[*kind as usize - 1])))
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name, count.into()))
            .collect();
        json!({
            "calls": read(&self.begun),
            "in_progress": self.running.get().map_or(0, read),
            "succeeded": read(&self.succeeded),
            "errors": errors,
            "retries": read(&self.repeated),
            "connections_opened": read(&self.opened),
            "connections_reused": read(&self.reused),
            "bytes_received": read(&self.bytes),
            "latency_us": self.latency.to_json(),
        })
        .to_string()
    }
}

/// Each power of two is divided into so many buckets, which are 6 % wide: the middle is 3 % off at most.
const PARTS: u64 = 1 << 4;
/// Microseconds: 71 minutes. What takes longer is in the last bucket, and exact in the longest and the mean.
const BITS: u32 = 32;
/// One row of [`PARTS`] for each bit beyond the first four, and one for what is shorter.
const BUCKETS: usize = (1 + 32 - 4) * 16;

/// How often each length of time was seen: exact below [`PARTS`] microseconds, then within 4 %. 3.6 KiB.
struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
    longest: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS], sum: AtomicU64::new(0), longest: AtomicU64::new(0) }
    }
}

/// The bucket of a length.
fn bucket(us: u64) -> usize {
    let us = us.min((1 << BITS) - 1);
    let shift = us.max(PARTS).ilog2() - PARTS.ilog2();
    // It is below `BUCKETS`.
    usize::try_from(u64::from(shift) * PARTS + (us >> shift)).unwrap_or(BUCKETS - 1)
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * PARTS {
        return bucket;
    }
    let shift = bucket / PARTS - 1;
    ((bucket - shift * PARTS) << shift) + (1 << (shift - 1))
}

impl Histogram {
    fn record(&self, us: u64) {
        add(&self.buckets[bucket(us)], 1);
        add(&self.sum, us);
        // Mostly it is not the longest, and nothing is written.
        if us > read(&self.longest) {
            self.longest.fetch_max(us, Ordering::Relaxed);
        }
    }

    fn to_json(&self) -> Value {
        // Read once: the counts of a moment, more or less, while calls go on.
        let counts: Vec<u64> = self.buckets.iter().map(read).collect();
        let (count, longest): (u64, u64) = (counts.iter().sum(), read(&self.longest));
        let quantile = |per_mille: u64| {
            let rank = (count * per_mille).div_ceil(1000).max(1);
            let mut seen = 0;
            let found = counts.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            found.map_or(0, |bucket| middle(bucket).min(longest))
        };
        json!({
            "count": count,
            "mean": read(&self.sum).checked_div(count).unwrap_or(0),
            "p50": quantile(500),
            "p90": quantile(900),
            "p99": quantile(990),
            "p999": quantile(999),
            "max": longest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_within_five_per_cent_whatever_the_length() {
        assert!(size_of::<Histogram>() < 4096, "{}", size_of::<Histogram>());
        let lengths =
            std::iter::successors(Some(1_u64), |length| Some(length * 21 / 20 + 1)).take_while(|l| *l < 1 << 32);
        for length in lengths {
            let shown = middle(bucket(length));
            assert!(shown.abs_diff(length) * 100 < length * 5, "{length} is shown as {shown}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_of_known_lengths_are_those() {
        let histogram = Histogram::default();
        assert_eq!(
            histogram.to_json(),
            json!({"count": 0, "mean": 0, "p50": 0, "p90": 0, "p99": 0, "p999": 0, "max": 0})
        );
        (1..=1000).for_each(|us| histogram.record(us));
        let shown = histogram.to_json();
        assert_eq!((&shown["count"], &shown["mean"], &shown["max"]), (&json!(1000), &json!(500), &json!(1000)));
        for (name, exact) in [("p50", 500), ("p90", 900), ("p99", 990), ("p999", 999)] {
            let quantile = shown[name].as_u64().unwrap();
            assert!(quantile.abs_diff(exact) * 100 < exact * 5, "{name}: {quantile}");
        }
        histogram.record(u64::MAX >> 8);
        assert_eq!(histogram.to_json()["max"], u64::MAX >> 8);
    }
}
