//! A mock of the `OpenAI` Realtime API, generated from the protocol's own schema.

pub mod engine;
pub mod generators;
pub mod protocol;
pub mod server;
