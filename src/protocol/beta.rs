//! OpenAI's Realtime protocol in its beta dialect, off at OpenAI since May 2026.
//!
//! Generated from `schema/openai-realtime-beta` as [`realtime`](super::realtime) is from its folder.
//! What is the same in both is one type, which is re-exported here. `observed.json` is what the
//! beta wire carried; the published document has GA names in places.

#![allow(
    clippy::pedantic,
    clippy::too_many_arguments,
    unused_imports,
    reason = "generated: as many fields as the protocol has, in its words, and with what any protocol may need"
)]

include!(concat!(env!("OUT_DIR"), "/openai-realtime-beta/types.rs"));

/// The protocol as one JSON Schema document (draft 2020-12) with all definitions under `$defs`, as
/// OpenAI publishes it: for validators.
pub const PUBLISHED_SCHEMA: &str = include_str!(concat!(
    env!("OUT_DIR"),
    "/openai-realtime-beta/published.json"
));

/// The same with what the beta wire carried beyond or against the document: what the types here are
/// made of, and what the mock sends.
pub const OBSERVED_SCHEMA: &str = include_str!(concat!(
    env!("OUT_DIR"),
    "/openai-realtime-beta/observed.json"
));
