//! What a caller does in a call, step by step, and what comes of it.
//!
//! A [`CallScript`] is written in Rust or in a file of YAML or JSON, as scenarios are; both are the
//! same types, and mistakes in a file are told with their places.
//!
//! ```
//! use mock_realtime::telephony::script::{CallScript, WaitFor};
//!
//! let script = CallScript::new("a table for two")
//!     .wait_for(WaitFor::Reply)
//!     .say("A table for two, please.")
//!     .wait_for(WaitFor::Reply)
//!     .hang_up();
//! let file = "
//! name: a table for two
//! steps:
//!   - wait_for: reply
//!   - say: A table for two, please.
//!   - wait_for: reply
//!   - hang_up
//! ";
//! assert_eq!(CallScript::parse("call.yaml", file)?, script);
//! # Ok::<(), mock_realtime::scenario::Problems>(())
//! ```

mod build;
mod ear;
mod file;
mod model;
mod result;
mod run;
mod sounds;

pub use model::{
    BargeInConfig, CallScript, CallStep, ExpectConfig, KeyPresses, SayConfig, Sound, WaitConfig,
    WaitFor,
};
pub use result::{Failure, Turn};
pub(super) use run::ScriptRun;
pub use sounds::{KnownRecordings, Recogniser};
