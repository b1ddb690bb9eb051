//! Any bytes as a client's frames; see `tests/support/fuzzed.rs` for what they mean.
#![no_main]
#![allow(dead_code, reason = "the target uses its part of what the tests share")]

#[path = "../../tests/support/any_plan.rs"]
mod any_plan;
#[path = "../../tests/support/drain.rs"]
mod drain;
#[path = "../../tests/support/fuzzed.rs"]
mod fuzzed;
#[path = "../../tests/support/session.rs"]
mod session;
#[path = "../../tests/support/sound.rs"]
mod sound;

use drain::{as_json, drain};
use session::Session;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzed::play(bytes));
