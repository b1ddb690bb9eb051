//! The settings of a conversation.

use crate::protocol::realtime::{
    AudioInput, AudioOutput, MaxOutputTokens, Modality, RealtimeModel, RealtimeSession,
    RealtimeSessionConfig, SemanticVad, ServerVad, SessionAudio, SessionObject, ToolChoice,
    Truncation, TurnDetection, Voice, VoiceOrCustom,
};
use crate::protocol::{Patch, SessionId};

use super::{Refusal, complete_format, complete_transcription, merged, pcm};

/// What the model is told when nobody tells it anything. The real one is a text of about six
/// sentences; this is ours.
const DEFAULT_INSTRUCTIONS: &str = "You are a cheerful assistant on the telephone. \
    Speak naturally and keep your answers short. Answer in the language you are spoken to in. \
    Use the functions you are given whenever they help. You are a mock: nothing you say was \
    thought by a model.";

/// The session object a new session has.
pub(super) fn defaults(id: SessionId, model: &str, expires_at: i64) -> RealtimeSession {
    let family = Family::of(model);
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
            format: Some(pcm()),
            transcription: Patch::Null,
            noise_reduction: Patch::Null,
            turn_detection: Patch::Value(TurnDetection::from(family.server_vad())),
        }),
        output: Some(AudioOutput {
            format: Some(pcm()),
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

/// What comes in as audio.
pub(super) fn input(session: &RealtimeSession) -> Option<&AudioInput> {
    session.audio.as_ref()?.input.as_ref()
}

/// What goes out as audio.
pub(super) fn output(session: &RealtimeSession) -> Option<&AudioOutput> {
    session.audio.as_ref()?.output.as_ref()
}

/// See [`super::update`].
pub(super) fn update(
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
    let mut session = merged(current, &update)?;
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
    output(session)?.voice.as_ref()
}

/// Fills in what the server fills in: the defaults of what was set in part.
fn complete(input: &mut AudioInput, model: &str) {
    complete_transcription(&mut input.transcription);
    complete_format(&mut input.format);
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
