//! OpenAI's Realtime protocol in its GA dialect: conversation, transcription and translation
//! sessions, and the REST payloads around them.
//!
//! Generated from `schema/openai-realtime` by the build script; `cargo xtask codegen --print` shows
//! the source. Each event is a struct named by its `type` (`response.create` is
//! [`ResponseCreate`]) and a variant of its enum; fields that may be absent *and* null are a
//! [`Patch`](crate::protocol::Patch).
//!
//! What clients send is read strictly: an unknown field is refused, as the real server does. What
//! servers send is read openly, so that these types can read a server that is newer than they are.

// Written by a generator for a reader of the documentation, not for one of the source.
#![allow(clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/openai-realtime/types.rs"));
