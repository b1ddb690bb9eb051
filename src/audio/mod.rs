//! Audio as the protocol carries it: mono samples in one of three encodings; the clips that are
//! played, and whether somebody speaks in what is heard.
//!
//! ```
//! use mock_realtime::audio::Encoding;
//!
//! let quiet = Encoding::Mulaw.encode(&[0; 160]); // 20 ms
//! assert_eq!(Encoding::Mulaw.duration(quiet.len()).as_millis(), 20);
//! assert_eq!(Encoding::Mulaw.decode(&quiet), [0; 160]);
//! ```

mod clip;
#[cfg(feature = "earshot")]
mod earshot;
mod encoding;
mod error;
#[cfg(feature = "espeak")]
mod espeak;
mod load;
mod manager;
#[cfg(feature = "symphonia")]
mod other_formats;
pub(crate) mod picture;
mod processors;
mod recognition;
mod recorder;
mod resample;
pub(crate) mod sine;
mod vad;
mod voice;
mod wav;

pub use clip::{Clip, DeltaSizes, UnusableRate};
#[cfg(feature = "earshot")]
pub use earshot::EarshotDetector;
pub use encoding::Encoding;
pub use error::{AudioError, AudioFault};
pub use manager::{AudioInfo, AudioManager, AudioSource, AudioStatistics, InlineAudio};
pub(crate) use processors::Chain;
pub use processors::{AudioProcessor, Clipping, Delay, Gain, Noise, PacketLoss, TelephoneBand};
pub use recognition::{Found, Recordings};
pub use recorder::AudioRecorder;
pub(crate) use resample::resample;
pub use vad::{EnergyDetector, SpeechDetector};
pub(crate) use voice::Utterance;
#[cfg(feature = "telephony")]
pub(crate) use wav::save as save_tracks;
#[cfg(feature = "calls")]
pub(crate) use wav::wav_bytes;
