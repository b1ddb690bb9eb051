//! A session of the engine as tests have it: every frame is noted, and the test has a hand on it.
//!
//! It is driven like the session itself, by the in-process client and by the server alike.

mod artifacts;
mod control;
mod engine;
mod frame;
mod observer;
mod session;
#[cfg(feature = "conformance")]
mod verification;

pub(crate) use artifacts::conclude;
#[cfg(feature = "admin")]
pub(crate) use artifacts::record;
pub use control::SessionControl;
#[cfg(feature = "admin")]
pub(crate) use engine::IdentityKind;
pub(crate) use engine::{Engine, Identity, MakeEvent, SentKind};
pub(crate) use frame::Sent;
pub(crate) use observer::Observer;
#[cfg(feature = "admin")]
pub(crate) use observer::{Clock, Seen};
pub(crate) use session::MockSession;
#[cfg(feature = "conformance")]
pub use verification::{Breach, Verification};
