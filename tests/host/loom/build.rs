//! Takes what threads race for out of the library's own sources and gives it loom's atomics and locks instead of std's, so
//! that what is checked is what is shipped. What is looked for and not found ends the build: then this file is to be
//! brought up to date.

use std::path::{Path, PathBuf};

/// A source of the library, on its way to the models.
struct Source {
    path: &'static str,
    text: String,
}

impl Source {
    fn of(path: &'static str) -> Self {
        let place = Path::new("../../../src").join(path);
        println!("cargo::rerun-if-changed={}", place.display());
        Self { path, text: std::fs::read_to_string(place).expect("the library's source") }
    }

    fn find(&self, what: &str) -> usize {
        self.text.find(what).unwrap_or_else(|| panic!("{} has no {what:?} any more", self.path))
    }

    /// What stands before this.
    fn before(mut self, end: &str) -> Self {
        self.text.truncate(self.find(end));
        self
    }

    /// What stands from this on.
    fn from(mut self, begin: &str) -> Self {
        self.text = self.text.split_off(self.find(begin));
        self
    }

    /// Each place where this stands.
    fn with(mut self, old: &str, new: &str) -> Self {
        self.find(old);
        self.text = self.text.replace(old, new);
        self
    }

    /// The item (of a module or an impl) that begins with this, to the brace that closes it, or one of a single line.
    fn item(&self, begin: &str) -> String {
        let start = self.find(begin);
        let mut line = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let close = format!("\n{}}}\n", " ".repeat(self.text[line..].len() - self.text[line..].trim_start().len()));
        let first = self.text[start..].find('\n').expect("the end of a line") + 1;
        let end = start
            + if self.text[start..start + first].ends_with(";\n") {
                first
            } else {
                self.text[start..].find(&close).expect("the end of an item") + close.len()
            };
        // With what documents it.
        while let Some(above) = self.text[..line].lines().last().filter(|above| above.trim_start().starts_with("///")) {
            line -= above.len() + 1;
        }
        self.text[line..end].to_owned()
    }

    fn items(&self, begins: &[&str]) -> String {
        begins.iter().map(|begin| self.item(begin)).collect()
    }

    fn without(self, begin: &str) -> Self {
        let item = self.item(begin);
        self.with(&item, "")
    }

    /// Writes it where the models include it.
    fn write(self, name: &str) {
        let text = self.text.replace("//!", "//").replace("#[cfg(test)]", "#[cfg(any())]");
        let text = text.replace("#[cfg(not(test))]", "#[cfg(all())]").replace("std::sync::", "crate::sync::");
        std::fs::write(out().join(name), text).unwrap();
    }
}

fn out() -> PathBuf {
    PathBuf::from(std::env::var("OUT_DIR").unwrap())
}

/// A file of these items of a source; and one of methods, which are put into an `impl` again.
fn parts(source: &Source, begins: &[&str], name: &str) {
    Source { path: source.path, text: source.items(begins) }.write(name);
}

fn methods(source: &Source, of: &str, begins: &[&str], name: &str) {
    Source { path: source.path, text: format!("impl {of} {{\n{}}}\n", source.items(begins)) }.write(name);
}

fn main() {
    Source::of("host/fork.rs")
        .from("impl<T> Default for PerProcess<T>")
        .before("#[cfg(all(test, unix")
        // loom's atomics are made at run time, and lend what they hold by closures.
        .with("pub const fn new() -> Self", "pub fn new() -> Self")
        .with(
            "std::mem::replace(self.slot.get_mut(), std::ptr::null_mut())",
            "self.slot.with_mut(|slot| std::mem::replace(slot, std::ptr::null_mut()))",
        )
        .write("per_process.rs");

    // The system's wait is a stand-in, and time does not pass. The number of a turn tells nothing to other threads.
    Source::of("host/drive.rs")
        .before("#[cfg(unix)]\nmod platform")
        .with("thread_local! {", "loom::thread_local! {")
        .with("const { RefCell::new(Wants::NOTHING) }", "RefCell::new(Wants::NOTHING)")
        .with("const { Cell::new(0) }", "Cell::new(0)")
        .with("TURN.get()", "TURN.with(Cell::get)")
        .with("\nenum Waited", "\npub enum Waited")
        .with(
            "static TURNS: AtomicU64 = AtomicU64::new(1)",
            "static TURNS: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(1)",
        )
        .with("AtomicU8, AtomicU64, Ordering", "AtomicU8, Ordering")
        .with("tokio::time::sleep_until(at.into())", "std::future::pending::<()>()")
        .write("drive.rs");

    // loom keeps a history of each word: so there are few groups.
    Source::of("cache/revoked.rs")
        .before("#[cfg(test)]")
        .with("GROUPS: u64 = 8192", "GROUPS: u64 = 4")
        .write("revoked.rs");
    let cells = || Source::of("cache/cells.rs").before("#[cfg(test)]");
    cells().write("cells.rs");
    // The same where no checksum helps: the versions alone.
    cells().with("checksum(version, key, &payload) == sum", "sum == sum").write("cells_by_version.rs");

    Source::of("callback.rs")
        .before("#[cfg(test)]")
        .with("pub const fn new()", "pub fn new()")
        .with("std::thread::", "loom::thread::")
        .write("callback.rs");
    Source::of("clock.rs").before("/// A clock that stands still").write("clock.rs");

    // Nothing is logged; what makes the records is built all the same.
    Source::of("log/level.rs").write("log_level.rs");
    Source::of("log/event.rs").write("log_event.rs");
    Source::of("log/record.rs")
        .from("/// What a field of a record holds.")
        .before("/// Something that has happened.")
        .write("log_value.rs");
    // Whom a worker tells that it was lost: a model plays the loss.
    parts(&Source::of("worker.rs"), &["pub trait Concerned"], "concerned.rs");

    Source::of("queue/shared.rs").write("shared.rs");
    let queue = Source::of("queue.rs");
    let types = ["pub struct Queue {", "const LOOK_INTERVAL", "struct State {", "impl Drop for Queue", "impl State {"];
    parts(&queue, &types, "queue_types.rs");
    let of_queue = [
        "fn state(&self)",
        "fn sound_state(&self)",
        "fn submit_work(",
        "fn submit_known(",
        "fn enter(",
        "fn log_full(",
        "pub fn next(",
        "pub fn cancel(",
        "pub fn close(",
        "pub fn set_wake_up(",
    ];
    methods(&queue, "Queue", &of_queue, "queue.rs");

    Source::of("schedule.rs")
        .with("pub mod renewal;", "pub mod renewal { include!(concat!(env!(\"OUT_DIR\"), \"/renewal.rs\")); }")
        .with("getrandom::getrandom(&mut seed).is_err()", "false")
        .with("std::sync::", "core::sync::")
        .write("schedule.rs");
    Source::of("schedule/renewal.rs").write("renewal.rs");
    Source::of("renewer/state.rs")
        .without("pub fn snapshot(&self)")
        .with("use serde_json::json;", "")
        .with("arc_swap::", "std::sync::")
        .with("tokio::sync::", "std::sync::")
        .write("renewer_state.rs");
    Source::of("renewer/task.rs").with("tokio::spawn(", "crate::worker::spawn(").write("renewer_task.rs");
    let renewer = Source::of("renewer.rs");
    methods(&renewer, "Renewer", &["pub fn start(", "pub fn close("], "renewer_methods.rs");
    let of_renewer = [
        "impl Drop for Renewer",
        "impl Concerned for Core",
        "fn wait<'a>(",
        "fn end(",
        "fn running(",
        "fn current(",
        "async fn valid_token(",
        "fn rejected_again(",
        "fn over(",
        "fn refuse_on_own_thread(",
    ];
    parts(&renewer, &of_renewer, "renewer.rs");
}
