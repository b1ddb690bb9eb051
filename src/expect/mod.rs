//! What went over the wire, and what should have.
//!
//! A [`Journal`] keeps every frame both ways; [`Expectations`] are checked against it. Nothing here
//! knows the engine: a journal of a real session is as good.

#[cfg(feature = "scenario")]
mod config;
mod expectation;
mod expected;
mod journal;
mod partial;
mod response;
mod timeline;

#[cfg(feature = "scenario")]
pub use config::{
    ClientType, EntryPattern, EntryType, ExpectationConfig, ExpectationsConfig, Impossible,
    ServerType,
};
pub use expectation::{Expect, Expectations, Times, Unmet};
pub(crate) use journal::Noted;
pub use journal::{
    Direction, Entry, Fired, Frame, Journal, Limits, WrittenDirection, WrittenEntry,
};
pub use response::ResponseTimes;
