#![no_main]

#[path = "../../tests/it/fuzz/targets.rs"]
#[allow(dead_code, reason = "each target runs one function")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::response(data));
