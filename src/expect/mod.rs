//! What went over the wire, and what should have.
//!
//! A [`Journal`] keeps every frame both ways; [`Expectations`] are checked against it. Nothing here
//! knows the engine: a journal of a real session is as good.

mod expectation;
mod expected;
mod journal;
mod partial;
mod response;
mod timeline;

pub use expectation::{Expect, Expectations, Times, Unmet};
pub(crate) use journal::Noted;
pub use journal::{Direction, Entry, Frame, Journal, Limits};
pub use response::ResponseTimes;
