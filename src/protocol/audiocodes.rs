//! The AudioCodes Bot API in its WebSocket mode: what VoiceAI Connect, or Live Hub, and a bot say to
//! each other in a call.
//!
//! Generated from `schema/audiocodes-bot`, which is kept by hand: the vendor publishes no document that
//! a program could follow. [`CarrierMessage`] is what VoiceAI Connect sends, [`BotMessage`] what it is sent; both
//! are WebSocket text frames. Both sides are read openly, as
//! the vendor's own kit does.

#![allow(
    clippy::pedantic,
    clippy::manual_is_ascii_check,
    clippy::too_many_arguments,
    unused_imports,
    reason = "generated: as many fields as the protocol has, in its words, and with what any protocol may need"
)]

include!(concat!(env!("OUT_DIR"), "/audiocodes-bot/types.rs"));

/// The protocol as one JSON Schema document (draft 2020-12) with all definitions under `$defs`: for
/// validators.
pub const SCHEMA: &str = include_str!(concat!(env!("OUT_DIR"), "/audiocodes-bot/observed.json"));
