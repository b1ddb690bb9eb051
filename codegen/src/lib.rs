//! Turns the protocol schemas of `mock-realtime` into Rust: a pure function from `schema/` to
//! source, called by the build script and by `cargo xtask`.
//!
//! The way through: [`load`] reads the files into the [`model`], [`overlay`] adds what the real
//! server was seen to do, [`mod@generate`] turns the result into types, event enums, handler traits,
//! shape tables and the surface. From the other side [`openapi`] imports a published document
//! into the same model and [`mod@write`] lays it down as files.

mod analysis;
pub mod diff;
mod docs;
mod enums;
pub mod error;
mod events;
pub mod generate;
pub mod load;
pub mod manifest;
pub mod model;
pub mod openapi;
pub mod overlay;
pub mod rules;
mod shapes;
mod structs;
mod surface;
pub mod sync;
mod texts;
mod unions;
pub mod write;

pub use error::{Error, Result};
pub use generate::{Generated, generate};
