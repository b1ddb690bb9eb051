//! Any bytes as what a bridge answers callers, and as TwiML; see `tests/support/answered.rs` for what is
//! held of them.
#![no_main]

#[path = "../../tests/support/answered.rs"]
mod answered;

libfuzzer_sys::fuzz_target!(|lines: &[u8]| answered::answer(lines));
