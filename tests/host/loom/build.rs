//! Takes `PerProcess` out of the library's own source and gives it loom's atomics instead of std's, so that what is
//! checked is what is shipped. What is looked for and not found ends the build: then this file is to be brought up to date.

fn main() {
    let path = "../../../src/host/fork.rs";
    println!("cargo::rerun-if-changed={path}");
    let source = std::fs::read_to_string(path).expect("the library's source");
    let begin = source.find("impl<T> Default for PerProcess<T>").expect("the beginning of PerProcess");
    let end = source.find("#[cfg(all(test, unix))]").expect("the end of PerProcess");
    let mut text = source[begin..end].to_owned();
    for (old, new) in [
        // loom's atomics are made at run time, and lend what they hold by closures.
        ("pub const fn new() -> Self", "pub fn new() -> Self"),
        ("std::mem::replace(self.slot.get_mut(), std::ptr::null_mut())", "self.slot.with_mut(|slot| std::mem::replace(slot, std::ptr::null_mut()))"),
    ] {
        assert!(text.contains(old), "fork.rs has no {old:?} any more");
        text = text.replace(old, new);
    }
    let out = std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("per_process.rs");
    std::fs::write(out, text).unwrap();
}
