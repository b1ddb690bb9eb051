//! The caller's side of a voice agent: Twilio and AudioCodes, with a person on the telephone.
//!
//! A voice agent on the telephone is a bridge between a carrier and a model. The rest of this crate is
//! the model; here is the carrier. A [`Caller`] dials the bridge as a WebSocket client and holds a
//! call with it: [`twilio::TwilioCaller`] as Twilio Media Streams does, [`audiocodes::AudioCodesCaller`]
//! as VoiceAI Connect does. What it says, what was heard of the bridge and when, and all that the
//! bridge did wrong is noted.
//!
//! Callers have no clock and no socket; a driver has.

pub mod audiocodes;
mod caller;
pub mod checks;
mod finding;
mod format;
mod ids;
mod mouth;
mod playback;
pub mod record;
mod track;
pub mod twilio;

pub use caller::{Action, Caller, Ending, Happening, Input, Notes, Output, Party};
pub use finding::{Finding, FindingKind};
pub use format::LineFormat;
pub use playback::{Playback, QueueFull};
pub use track::{Stretch, Track};
