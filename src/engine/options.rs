//! What a session is started with.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audio::{AudioProcessor, DeltaSizes, EnergyDetector, SpeechDetector};
use crate::generators::{ResponseGenerator, Scripted};
use crate::protocol::realtime::{McpListToolsTool, SessionConfig};

use super::hooks::Hooks;
use super::response::Pacing;
use super::transcription::{ScriptedTranscriber, Transcriber, TranscriptionPace};
use super::turn_detection::EndOfTurn;

/// What a session is started with.
#[derive(Debug)]
pub struct SessionOptions {
    /// What the session is for.
    pub kind: SessionKind,
    /// How the client is connected.
    pub transport: Transport,
    /// The model the client asked for; echoed as it came. A transcription session has none.
    pub model: String,
    /// What the client has said of the session before it began, with the key it came with: set as
    /// by `session.update`.
    pub settings: Option<SessionConfig>,
    /// The seed of all ids and padding.
    pub seed: u64,
    /// When the session starts, in Unix seconds: for `expires_at` and the stamps in ids.
    pub started_at: u64,
    /// How long a session may last; the real server allows 60 minutes.
    pub maximum_duration: Duration,
    /// Where the session follows the real server and where the published document.
    pub fidelity: Fidelity,
    /// The tools of MCP servers by their label: what the model's side would find there. A server
    /// that is not here cannot be reached.
    pub mcp_servers: BTreeMap<String, Vec<McpListToolsTool>>,
    /// How fast responses are sent.
    pub pacing: Pacing,
    /// How much audio a delta of speech has.
    pub delta_sizes: DeltaSizes,
    /// What happens to the user's audio before it is heard, in this order.
    pub input_processors: Vec<Box<dyn AudioProcessor>>,
    /// What happens to the speech of responses before it is sent, in this order.
    pub output_processors: Vec<Box<dyn AudioProcessor>>,
    /// What counts as speech, for turn detection.
    pub speech_detector: Box<dyn SpeechDetector>,
    /// Whether a pause is the end of a turn, for semantic turn detection. By default each is.
    pub end_of_turn: Box<dyn EndOfTurn>,
    /// What the user is heard to say.
    pub transcriber: Box<dyn Transcriber>,
    /// How fast transcripts of the user come.
    pub transcription_pace: TranscriptionPace,
    /// What responses say.
    pub generator: Box<dyn ResponseGenerator>,
    /// What is put before and after the client's events.
    pub hooks: Hooks,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionKind {
    /// A conversation with a model.
    #[default]
    Realtime,
    /// What the user says, written down; nothing answers. A client asks for it with
    /// `intent=transcription`.
    Transcription,
}

/// How the client is connected, and with it how the audio travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Events and audio on one WebSocket.
    #[default]
    WebSocket,
    /// A WebRTC call: events on its data channel, audio beside it as [`Input::Audio`] and
    /// [`Output::Audio`].
    ///
    /// [`Input::Audio`]: super::Input::Audio
    /// [`Output::Audio`]: super::Output::Audio
    WebRtc,
    /// A SIP call: audio and keys beside the events, which only a sideband socket shows. It comes
    /// later than the session, so that nothing says that the session was created.
    Sip,
}

/// Where the real server and its published document differ, which of them to follow. The default
/// is the real server as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fidelity {
    /// Whether `conversation.item.done` of a generated item says `null` for the conversation's
    /// first item, as the real server does in all recordings, or the truth.
    pub previous_item_id_quirk: bool,
    /// Whether `conversation.created` follows `session.created`: published, but not sent any more.
    pub conversation_created: bool,
    /// Whether `conversation.item.created` comes before each `conversation.item.added`: published,
    /// but not sent any more.
    pub conversation_item_created: bool,
}

impl Default for Fidelity {
    fn default() -> Self {
        Self {
            previous_item_id_quirk: true,
            conversation_created: false,
            conversation_item_created: false,
        }
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            kind: SessionKind::Realtime,
            transport: Transport::WebSocket,
            model: "gpt-realtime".to_owned(),
            settings: None,
            seed: 0,
            // A round moment, so that runs with the defaults are equal to each other.
            started_at: 1_800_000_000,
            maximum_duration: Duration::from_secs(60 * 60),
            fidelity: Fidelity::default(),
            mcp_servers: BTreeMap::new(),
            pacing: Pacing::INSTANT,
            delta_sizes: DeltaSizes::default(),
            input_processors: Vec::new(),
            output_processors: Vec::new(),
            speech_detector: Box::new(EnergyDetector::default()),
            end_of_turn: Box::new(|_| true),
            transcriber: Box::new(ScriptedTranscriber::default()),
            transcription_pace: TranscriptionPace::INSTANT,
            generator: Box::new(Scripted::default()),
            hooks: Hooks::default(),
        }
    }
}
