//! Twilio Media Streams, two-way: what a carrier and a bridge say to each other in a call.
//!
//! Generated from `schema/twilio-media-streams`, which is kept by hand: the vendor publishes no document that
//! a program could follow. [`CarrierMessage`] is what Twilio sends, [`BridgeMessage`] what it is sent; both
//! are WebSocket text frames. What the carrier sends is read openly, so that a bridge
//! outlives a new field; what a bridge sends is read strictly, as Twilio does, which reports a field it
//! does not know as warning 31951.

#![allow(
    clippy::pedantic,
    clippy::manual_is_ascii_check,
    clippy::too_many_arguments,
    unused_imports,
    reason = "generated: as many fields as the protocol has, in its words, and with what any protocol may need"
)]

include!(concat!(env!("OUT_DIR"), "/twilio-media-streams/types.rs"));

/// The protocol as one JSON Schema document (draft 2020-12) with all definitions under `$defs`: for
/// validators.
pub const SCHEMA: &str = include_str!(concat!(
    env!("OUT_DIR"),
    "/twilio-media-streams/observed.json"
));
