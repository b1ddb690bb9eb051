//! Twilio Media Streams: a carrier that sends the caller's audio without a pause, and plays what the
//! bridge sends at the speed of sound.

mod caller;
mod code;
mod options;

pub use caller::TwilioCaller;
pub use code::Code;
pub use options::TwilioOptions;
