#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leadconduit_mock_fuzz::form(data));
