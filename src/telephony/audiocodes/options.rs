//! What a call over AudioCodes is like.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::protocol::audiocodes::MediaFormat;

/// What comes first once the bot has accepted the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartOrder {
    /// The activity `start`, then the caller's stream: one bot ignores a stream that comes first.
    #[default]
    ActivityFirst,
    /// The caller's stream, then the activity `start`.
    StreamFirst,
}

/// What a bot says that makes the carrier stop its playback, where barge-in is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BargeInSign {
    /// `userStream.speech.started`, or a hypothesis.
    #[default]
    SpeechOrHypothesis,
    /// A hypothesis alone.
    Hypothesis,
}

/// What a call over AudioCodes is like.
///
/// The defaults are what the vendor's pages, kit and samples have. What nobody has confirmed is
/// *inferred*, says so, and can be had otherwise.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the carrier's own"
)]
pub struct AudioCodesOptions {
    /// What the ids are made from: the same seed, the same bytes.
    pub seed: u64,
    /// The conversation; by default a UUID made from the seed.
    pub conversation_id: Option<String>,
    /// The bot's name in the configuration.
    pub bot_name: String,
    /// The caller's number, or the user part of the SIP address.
    pub caller: String,
    /// The number that was called.
    pub callee: String,
    /// What the activity `start` says beside the usual, such as SIP headers.
    pub start_parameters: Map<String, Value>,
    /// The language that activities name.
    pub language: String,
    /// When the call begins, in milliseconds of Unix time: what activities are stamped with.
    pub started_at: u64,
    /// How audio may be written, the best first.
    pub media_formats: Vec<MediaFormat>,
    /// Whether the bot makes the speech itself.
    pub expect_audio_messages: bool,
    /// The token that the connection is authorised with.
    pub bearer_token: Option<String>,
    /// Whether the caller is heard while the bot speaks. The bot may change it by a `config` activity.
    pub barge_in: bool,
    /// What then stops the playback: *inferred* from several bots.
    pub barge_in_sign: BargeInSign,
    /// Whether what the bot still sends in a play stream that was stopped so is dropped: *inferred*.
    pub drop_after_barge_in: bool,
    /// Whether keys are told to the bot. Off at the vendor unless `sendDTMF` is set.
    pub send_dtmf: bool,
    /// Whether the end of a playback is told to the bot: `playFinished` in `sendEventsToBot`.
    pub send_play_finished: bool,
    /// What comes first.
    pub start_order: StartOrder,
    /// Whether, without barge-in, the caller's stream is stopped once the bot has understood
    /// something.
    pub stop_on_recognition: bool,
    /// How long after that the carrier listens again if the bot says nothing:
    /// `resumeRecognitionTimeoutMS`.
    pub resume_recognition: Duration,
    /// Whether `playStream.stop` drops what is not heard yet: *inferred* that it does not, since the
    /// vendor's kit sends a whole reply and its end at once.
    pub stop_cuts: bool,
    /// How long a piece of the caller's audio is: *inferred*.
    pub chunk: Duration,
    /// How long the bot may take to accept the call, or the caller's stream: *inferred*.
    pub answer_within: Duration,
    /// How long a play stream may be open with nothing to play before that is noted: *inferred*.
    pub play_stream_idle: Duration,
    /// How often a lost connection is opened anew: *inferred*.
    pub reconnects: u32,
    /// How long before that: *inferred*.
    pub reconnect_after: Duration,
    /// The most audio that is queued. The vendor publishes no limit; this one keeps memory in bounds.
    pub queue_limit: Duration,
}

impl Default for AudioCodesOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            conversation_id: None,
            bot_name: "bot".to_owned(),
            caller: "+15555550100".to_owned(),
            callee: "+15555550199".to_owned(),
            start_parameters: Map::new(),
            language: "en-US".to_owned(),
            // 2026-01-01
            started_at: 1_767_225_600_000,
            media_formats: vec![MediaFormat::RawLpcm16],
            expect_audio_messages: true,
            bearer_token: None,
            barge_in: false,
            barge_in_sign: BargeInSign::default(),
            drop_after_barge_in: true,
            send_dtmf: true,
            send_play_finished: false,
            start_order: StartOrder::default(),
            stop_on_recognition: true,
            resume_recognition: Duration::from_secs(10),
            stop_cuts: false,
            chunk: Duration::from_millis(20),
            answer_within: Duration::from_secs(10),
            play_stream_idle: Duration::from_secs(5),
            reconnects: 1,
            reconnect_after: Duration::from_millis(500),
            queue_limit: Duration::from_secs(3_600),
        }
    }
}
