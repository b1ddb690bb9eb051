//! The session object: its defaults, and what `session.update` makes of it.

use serde_json::{Map, Value};

use crate::protocol::realtime::{
    AudioFormat, AudioInput, AudioOutput, MaxOutputTokens, Modality, PcmFormat, RealtimeModel,
    RealtimeSession, RealtimeSessionConfig, SemanticVad, ServerVad, SessionAudio, SessionObject,
    ToolChoice, Truncation, TurnDetection, Voice, VoiceOrCustom,
};
use crate::protocol::{Patch, SessionId};

use super::refusal::Refusal;

/// What the model is told when nobody tells it anything. The real one is a text of about six
/// sentences; this is ours.
const DEFAULT_INSTRUCTIONS: &str = "You are a cheerful assistant on the telephone. \
    Speak naturally and keep your answers short. Answer in the language you are spoken to in. \
    Use the functions you are given whenever they help. You are a mock: nothing you say was \
    thought by a model.";

/// The session object a new session has.
pub(crate) fn defaults(id: SessionId, model: &str, expires_at: i64) -> RealtimeSession {
    let family = Family::of(model);
    let pcm = AudioFormat::from(PcmFormat { rate: Some(24_000) });
    let mut session = RealtimeSession::new(SessionObject::RealtimeSession, id);
    session.model = Some(RealtimeModel::from(model));
    session.output_modalities = Some(vec![Modality::Audio]);
    session.instructions = Some(DEFAULT_INSTRUCTIONS.to_owned());
    session.tools = Some(Vec::new());
    session.tool_choice = Some(ToolChoice::Auto);
    session.max_output_tokens = Some(MaxOutputTokens::Inf);
    session.tracing = Patch::Null;
    session.truncation = Some(Truncation::Auto);
    session.prompt = Patch::Null;
    session.expires_at = Some(expires_at);
    session.audio = Some(SessionAudio {
        input: Some(AudioInput {
            format: Some(pcm.clone()),
            transcription: Patch::Null,
            noise_reduction: Patch::Null,
            turn_detection: Patch::Value(TurnDetection::from(family.server_vad())),
        }),
        output: Some(AudioOutput {
            format: Some(pcm),
            voice: Some(family.voice()),
            speed: Some(1.0),
        }),
    });
    session.include = Patch::Null;
    session
}

/// What differs between models, as recorded.
#[derive(Clone, Copy)]
enum Family {
    /// `gpt-realtime`, `-mini`, `-1.5` and anything unknown.
    First,
    /// `gpt-realtime-2` and later.
    Second,
}

impl Family {
    fn of(model: &str) -> Self {
        if model.starts_with(RealtimeModel::GptRealtime2.as_str())
            && !model.starts_with("gpt-realtime-20")
        {
            Self::Second
        } else {
            Self::First
        }
    }

    fn voice(self) -> Voice {
        match self {
            Self::First => Voice::Alloy,
            Self::Second => Voice::Marin,
        }
    }

    fn server_vad(self) -> ServerVad {
        ServerVad {
            threshold: Some(0.5),
            prefix_padding_ms: Some(300),
            silence_duration_ms: Some(match self {
                Self::First => 200,
                Self::Second => 500,
            }),
            idle_timeout_ms: Patch::Null,
            create_response: Some(true),
            interrupt_response: Some(true),
        }
    }
}

/// What an update makes of the session: all of it or, as an error, nothing. The voice is fixed once
/// the assistant has spoken.
pub(crate) fn update(
    current: &RealtimeSession,
    mut update: RealtimeSessionConfig,
    has_spoken: bool,
) -> Result<RealtimeSession, Refusal> {
    if update
        .model
        .as_ref()
        .is_some_and(|model| Some(model) != current.model.as_ref())
    {
        return Err(Refusal::model_is_fixed());
    }
    // Recorded: an empty text leaves the instructions that are.
    update.instructions = update.instructions.filter(|text| !text.is_empty());
    let voice = take_voice(&mut update);
    if has_spoken
        && voice
            .as_ref()
            .is_some_and(|voice| Some(voice) != current_voice(current))
    {
        return Err(Refusal::voice_is_fixed());
    }
    let mut merged = to_map(current)?;
    merge(&mut merged, to_map(&update)?);
    let mut session: RealtimeSession =
        serde_json::from_value(Value::Object(merged)).map_err(|error| unmergeable(&error))?;
    if let Some(audio) = &mut session.audio {
        if let (Some(output), Some(voice)) = (&mut audio.output, voice) {
            output.voice = Some(voice);
        }
        if let Some(input) = &mut audio.input {
            complete(
                input,
                session.model.as_ref().map_or("", |model| model.as_str()),
            );
        }
    }
    Ok(session)
}

/// A custom voice is asked for as an object and shown by its id.
fn take_voice(update: &mut RealtimeSessionConfig) -> Option<Voice> {
    let voice = &mut update.audio.as_mut()?.output.as_mut()?.voice;
    match voice.take()? {
        VoiceOrCustom::Custom(custom) => Some(Voice::from(custom.id.as_str())),
        VoiceOrCustom::Voice(known) => Some(known),
    }
}

fn current_voice(session: &RealtimeSession) -> Option<&Voice> {
    session.audio.as_ref()?.output.as_ref()?.voice.as_ref()
}

/// Fills in what the server fills in: the defaults of what was set in part.
fn complete(input: &mut AudioInput, model: &str) {
    if let Patch::Value(transcription) = &mut input.transcription {
        for field in [&mut transcription.language, &mut transcription.prompt] {
            if field.is_absent() {
                *field = Patch::Null;
            }
        }
    }
    if let Patch::Value(AudioFormat::Pcm(pcm)) =
        &mut input.format.clone().map_or(Patch::Absent, Patch::Value)
    {
        pcm.rate = pcm.rate.or(Some(24_000));
        input.format = Some(AudioFormat::Pcm(pcm.clone()));
    }
    match &mut input.turn_detection {
        Patch::Value(TurnDetection::ServerVad(vad)) => {
            let defaults = Family::of(model).server_vad();
            vad.threshold = vad.threshold.or(defaults.threshold);
            vad.prefix_padding_ms = vad.prefix_padding_ms.or(defaults.prefix_padding_ms);
            vad.silence_duration_ms = vad.silence_duration_ms.or(defaults.silence_duration_ms);
            vad.create_response = vad.create_response.or(defaults.create_response);
            vad.interrupt_response = vad.interrupt_response.or(defaults.interrupt_response);
            if vad.idle_timeout_ms.is_absent() {
                vad.idle_timeout_ms = Patch::Null;
            }
        }
        Patch::Value(TurnDetection::SemanticVad(vad)) => {
            vad.eagerness
                .get_or_insert_with(|| SemanticVad::DEFAULT_EAGERNESS.into());
            vad.create_response
                .get_or_insert(SemanticVad::DEFAULT_CREATE_RESPONSE);
            vad.interrupt_response
                .get_or_insert(SemanticVad::DEFAULT_INTERRUPT_RESPONSE);
        }
        _ => {}
    }
}

fn to_map(value: &impl serde::Serialize) -> Result<Map<String, Value>, Refusal> {
    match serde_json::to_value(value).map_err(|error| unmergeable(&error))? {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

/// Cannot happen with what the strict decoding let through; said rather than swallowed.
fn unmergeable(error: &serde_json::Error) -> Refusal {
    Refusal::unmergeable(&error.to_string())
}

/// Objects merge key by key, `null` and everything else replaces. An object of another kind (its
/// `type` differs) replaces as well: what belonged to the old kind means nothing to the new.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(into)), Value::Object(from)) if same_kind(into, &from) => {
                merge(into, from);
            }
            (Some(place), value) => *place = value,
            (None, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn same_kind(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    match (one.get("type"), other.get("type")) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}
