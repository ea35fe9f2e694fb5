//! libFuzzer's entry to `wazo_auth_fuzz::shared_memory`, where the target is described.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wazo_auth_fuzz::shared_memory::run(data));
