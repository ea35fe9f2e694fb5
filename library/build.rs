//! How the shared library is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target_os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if target_os == "linux" {
        // dlclose() leaves the code where it is: a thread of a name look-up that outlives its call, or a destructor of
        // a thread's own variables, would otherwise return into nothing. Loading it again takes the same place.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libwazo_auth_client.so");
        // Cargo strips nothing but debug information where a static library, which needs its symbols, is made beside.
        let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
        if is("PROFILE", "release") && is("DEBUG", "false") {
            println!("cargo::rustc-cdylib-link-arg=-Wl,--strip-all");
        }
    }
}
