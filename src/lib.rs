//! A mock of the `OpenAI` Realtime API, generated from the protocol's own schema.

pub mod protocol;
