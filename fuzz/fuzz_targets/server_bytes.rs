//! libFuzzer's entry to `wazo_auth_fuzz::server_bytes`, where the target is described.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wazo_auth_fuzz::server_bytes::run(data));
