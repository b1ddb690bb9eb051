//! Any bytes as an audio file; see `tests/support/loaded.rs` for what is held of them.
#![no_main]

#[path = "../../tests/support/loaded.rs"]
mod loaded;

libfuzzer_sys::fuzz_target!(|file: &[u8]| loaded::load(file));
