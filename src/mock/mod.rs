//! A session of the engine as tests have it: every frame is noted, and the test has a hand on it.
//!
//! It is driven like the session itself, by the in-process client and by the server alike.

mod artifacts;
mod control;
mod engine;
mod observer;
mod session;

pub(crate) use artifacts::check;
pub use control::SessionControl;
pub(crate) use engine::{Engine, MakeEvent, SentKind};
pub(crate) use observer::Observer;
pub(crate) use session::{MockSession, Sent};
