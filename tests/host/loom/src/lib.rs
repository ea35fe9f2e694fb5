//! What threads race for, under loom: every order in which two or three threads may run, with the weak memory that the
//! orderings allow. The sources are the library's own (see build.rs); what they use besides is in [`stand_ins`].
//!
//! - `per_process`: `PerProcess` of src/host/fork.rs
//! - `alarm`: what wakes a driver, of src/host/drive.rs
//! - `cells`: cells and revocations of the shared cache, of src/cache
//! - `queue`: slots, completions and who is told, of src/queue and src/callback.rs
//! - `renewer`: the current token, who waits for it and who renews, of src/renewer
//!
//! Run by `cargo test --release` in this folder. Each model says how often a thread is interrupted in it at most: more
//! orders than these take long, and faults are seldom found there alone. FULL=1 lets it be once more, for two minutes a
//! model.

#![cfg(test)]
#![allow(dead_code, unused_imports, clippy::all, reason = "of each source the models use a part")]

mod stand_ins;

pub use stand_ins::{cancellation, client, error, log, options, secret, sync, worker};

mod host {
    pub use crate::stand_ins::{event, interrupt, panics, uptime};

    pub mod fork {
        pub use crate::stand_ins::generation;
        use crate::sync::atomic::{AtomicPtr, Ordering};
        include!(concat!(env!("OUT_DIR"), "/per_process.rs"));
    }

    pub mod drive {
        use crate::stand_ins::{CellOfThread as _, OfThread as _, platform};
        include!(concat!(env!("OUT_DIR"), "/drive.rs"));
    }
    pub use crate::stand_ins::region;
}

mod clock {
    include!(concat!(env!("OUT_DIR"), "/clock.rs"));
}

mod callback {
    include!(concat!(env!("OUT_DIR"), "/callback.rs"));
}

mod schedule {
    include!(concat!(env!("OUT_DIR"), "/schedule.rs"));
}

mod cache {
    pub mod cells {
        include!(concat!(env!("OUT_DIR"), "/cells.rs"));
    }
    pub mod cells_by_version {
        include!(concat!(env!("OUT_DIR"), "/cells_by_version.rs"));
    }
    pub mod revoked {
        include!(concat!(env!("OUT_DIR"), "/revoked.rs"));
    }
}

mod queue {
    pub mod shared {
        include!(concat!(env!("OUT_DIR"), "/shared.rs"));
    }

    use crate::cancellation::Cancellation;
    use crate::client::Outcome;
    use crate::clock::{self, Deadline, Uptime as _};
    use crate::error::{Error, ErrorKind, Result};
    use crate::host::fork::PerProcess;
    use crate::host::uptime::SystemUptime;
    use crate::log::{Level, event, log, wants};
    use crate::sync::atomic::{AtomicU64, Ordering};
    use crate::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use crate::worker::{Worker, is_inside_worker};
    use shared::{Completion, Delivery, Shared, Slot, WakeUp, wake};
    use std::time::Duration;

    include!(concat!(env!("OUT_DIR"), "/queue_types.rs"));

    include!(concat!(env!("OUT_DIR"), "/queue.rs"));

    mod models;
}

mod renewer {
    pub mod log_out {
        /// What remains of a session is revoked by calls; nobody races for it.
        pub fn log_out(_: &super::Core, _: crate::clock::Deadline) -> crate::error::Result<()> {
            Ok(())
        }
    }
    pub mod login {
        pub use crate::stand_ins::login::*;
    }
    pub mod state {
        include!(concat!(env!("OUT_DIR"), "/renewer_state.rs"));
    }
    pub mod task {
        include!(concat!(env!("OUT_DIR"), "/renewer_task.rs"));
    }

    use self::state::{ALIVE, CLOSED, Core, Progress, STOPPED, Shared, tell, uptime_ms};
    use crate::clock::{self, Deadline};
    use crate::error::{Error, ErrorKind, Result};
    use crate::host::drive::from_elsewhere;
    use crate::host::interrupt::{self, Watch};
    use crate::secret::Secret;
    use crate::sync::atomic::Ordering;
    use crate::sync::{Arc, MutexGuard, PoisonError};
    use crate::worker::{Concerned, Worker, is_inside_worker};
    use std::pin::pin;
    use std::time::Duration;

    pub struct Renewer(pub Arc<Core>);

    include!(concat!(env!("OUT_DIR"), "/renewer_methods.rs"));
    include!(concat!(env!("OUT_DIR"), "/renewer.rs"));

    mod models;
}

/// Checks a model in every order with so many interruptions at most.
fn model(preemptions: usize, check: impl Fn() + Send + Sync + 'static) {
    let is_full = std::env::var("FULL").is_ok_and(|full| !full.is_empty());
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions + usize::from(is_full));
    builder.max_duration = is_full.then(|| std::time::Duration::from_secs(120));
    builder.max_branches = 100_000;
    builder.check(check);
}

mod alarm;
mod cells;
mod per_process;
