//! The AudioCodes Bot API in its WebSocket mode: a carrier that asks before it sends the caller's
//! audio, and plays one stream of the bot after the other.
//!
//! The vendor's full page was not to be had: what follows from its kit and samples, and from other
//! bots, is the default of [`AudioCodesOptions`]; what is *inferred* says so there.

mod caller;
mod media;
mod options;
mod play_stream;
mod user_stream;

pub use caller::AudioCodesCaller;
pub use options::{AudioCodesOptions, BargeInSign, StartOrder};
