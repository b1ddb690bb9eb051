//! What is known of a call: how it went, and what was heard of it.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audio::{AudioError, AudioFault, Clip, Encoding, wav_bytes};

/// How a call came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallKind {
    /// By telephone: it was announced by a webhook.
    Sip,
    /// By a client's offer to `POST /v1/realtime/calls`.
    Webrtc,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// It rings: the app may accept or reject it.
    Incoming,
    /// It was accepted, and is held.
    Active,
    /// It is over.
    Ended,
}

/// How a call came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "how", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The caller hung up.
    CallerHungUp,
    /// The app hung up.
    AppHungUp,
    /// The app handed the caller on.
    Referred {
        /// To whom.
        target_uri: String,
    },
    /// The app declined the call.
    Rejected {
        /// The SIP status that the caller got.
        status_code: u16,
    },
    /// The app neither accepted nor rejected it as long as it rang.
    NotAnswered,
    /// The session ended by itself: its time was over, or a test closed it.
    SessionClosed {
        /// The close code that the sideband sockets got; without one they broke.
        code: Option<u16>,
        /// The reason they got.
        reason: String,
    },
    /// The server was ended.
    ServerStopped,
}

impl Outcome {
    /// Whether somebody accepted the call.
    pub const fn was_answered(&self) -> bool {
        !matches!(self, Self::Rejected { .. } | Self::NotAnswered)
    }
}

/// Something that happened in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallEvent {
    /// The webhook is sent.
    WebhookSent {
        /// Which attempt it is, from 1.
        attempt: u32,
    },
    /// The webhook was taken.
    WebhookTaken {
        /// Which attempt it was.
        attempt: u32,
        /// The HTTP status of the answer.
        status: u16,
    },
    /// The webhook was not taken.
    WebhookFailed {
        /// Which attempt it was.
        attempt: u32,
        /// What became of it.
        reason: String,
        /// After how many milliseconds it is sent again.
        retry_in_ms: u64,
    },
    /// The call was accepted: by the app or, where it is an offer, by the service.
    Accepted {
        /// The session that began.
        session_id: String,
    },
    /// The app asked for something that the call cannot do now.
    Refused {
        /// What it asked for: the last part of the path.
        operation: String,
        /// What it was told.
        message: String,
    },
    /// A sideband socket was opened.
    SidebandOpened {
        /// Which one of the call, from 1.
        sideband: u32,
    },
    /// A sideband socket is gone. The call goes on.
    SidebandClosed {
        /// Which one of the call.
        sideband: u32,
    },
    /// The caller begins to speak.
    CallerSpoke {
        /// What they say, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// How long it takes them.
        duration_ms: u64,
    },
    /// The caller pressed a key.
    KeyPressed {
        /// Which one.
        key: char,
    },
    /// The model's answer begins to be heard.
    PlaybackStarted,
    /// It was heard to its end.
    PlaybackStopped,
    /// It was cut off.
    PlaybackCleared,
    /// The call is over.
    Ended(Outcome),
}

/// Something that happened in a call, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallEntry {
    /// Milliseconds since the call came in.
    pub at_ms: u64,
    /// What it was.
    #[serde(flatten)]
    pub event: CallEvent,
}

/// All that is known of a call, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallRecord {
    /// The call's id, `rtc_` and more.
    pub id: String,
    /// How it came in.
    pub kind: CallKind,
    /// How far it has come.
    pub state: CallState,
    /// How it ended, once it has.
    pub outcome: Option<Outcome>,
    /// The session that it became, once it was accepted.
    pub session_id: Option<String>,
    /// How long it was held, in milliseconds.
    pub held_ms: u64,
    /// What happened, in order; of very many things, the first.
    pub journal: Vec<CallEntry>,
}

/// What was heard in a call, both sides as a telephone carries them: G.711, 8,000 samples a second,
/// from the moment at which it was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallAudio {
    pub(super) caller: Bytes,
    pub(super) model: Bytes,
}

/// How the audio of a call is kept.
pub(super) const TELEPHONE: Encoding = Encoding::Mulaw;

impl CallAudio {
    /// What the caller said.
    pub fn caller(&self) -> Clip {
        Clip::from_bytes(&self.caller, TELEPHONE)
    }

    /// What the caller heard of the model.
    pub fn model(&self) -> Clip {
        Clip::from_bytes(&self.model, TELEPHONE)
    }

    /// How long the longer side is.
    pub fn duration(&self) -> Duration {
        TELEPHONE.duration(self.caller.len().max(self.model.len()))
    }

    /// A WAV file's bytes: the caller on the left, the model on the right.
    pub fn wav(&self) -> Vec<u8> {
        let (caller, model) = (self.caller(), self.model());
        wav_bytes(&[caller.samples(), model.samples()], caller.sample_rate())
    }

    /// Writes the WAV file.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<(), AudioError> {
        let file = file.as_ref();
        std::fs::write(file, self.wav()).map_err(|error| AudioError {
            file: Some(file.to_owned()),
            reason: AudioFault::Io(error),
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.caller.len() + self.model.len()
    }
}
