//! Twilio Media Streams: a carrier that sends the caller's audio without a pause, and plays what the
//! bridge sends at the speed of sound.
//!
//! A [`TwilioCaller`] opens the stream itself. A [`VoiceWebhook`] begins where Twilio does: it asks the
//! number's voice URL what to do, and opens the stream that the TwiML names.

mod caller;
mod code;
mod form;
mod options;
mod place;
mod signature;
mod twiml;

pub use caller::TwilioCaller;
pub use code::Code;
pub use form::FormError;
pub use options::TwilioOptions;
pub use place::{PlaceError, PlacedCall, VoiceWebhook};
pub use signature::{HEADER as SIGNATURE_HEADER, signature};
pub use twiml::{StreamVerb, TwimlError};
