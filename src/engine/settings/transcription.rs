//! The settings of a session that only transcribes.

use crate::protocol::realtime::{
    Eagerness, SemanticVad, ServerVad, TranscriptionAudio, TranscriptionAudioInput,
    TranscriptionModel, TranscriptionSession, TranscriptionSessionConfig,
    TranscriptionTurnDetection, TurnDetection,
};
use crate::protocol::{Patch, SessionId};

use super::{Refusal, complete_format, complete_transcription, merged, pcm};

/// What the object calls itself.
const OBJECT: &str = "realtime.transcription_session";

/// The two kinds of turn detection, as the session object writes them.
const SERVER_VAD: &str = "server_vad";
const SEMANTIC_VAD: &str = "semantic_vad";

/// As recorded: nothing is transcribed before the client says by which model.
pub(super) fn defaults(id: SessionId, expires_at: i64) -> TranscriptionSession {
    let mut session = TranscriptionSession::new(OBJECT, id);
    session.expires_at = Some(expires_at);
    session.audio = Some(TranscriptionAudio {
        input: Some(TranscriptionAudioInput {
            format: Some(pcm()),
            transcription: Patch::Null,
            noise_reduction: Patch::Null,
            turn_detection: Patch::Value(TranscriptionTurnDetection {
                type_: Some(SERVER_VAD.to_owned()),
                threshold: Some(0.5),
                prefix_padding_ms: Some(300),
                silence_duration_ms: Some(200),
                eagerness: None,
            }),
        }),
    });
    session.include = Patch::Null;
    session
}

/// See [`super::update`].
pub(super) fn update(
    current: &TranscriptionSession,
    update: &TranscriptionSessionConfig,
) -> Result<TranscriptionSession, Refusal> {
    let mut session = merged(current, update)?;
    let input = session
        .audio
        .as_mut()
        .and_then(|audio| audio.input.as_mut());
    if let Some(input) = input {
        complete_format(&mut input.format);
        complete_transcription(&mut input.transcription);
        if let Patch::Value(detection) = &mut input.turn_detection {
            complete_turn_detection(detection);
            if finds_turns_itself(input) {
                return Err(Refusal::no_turn_detection());
            }
        }
    }
    Ok(session)
}

/// What comes in as audio.
pub(super) fn input(session: &TranscriptionSession) -> Option<&TranscriptionAudioInput> {
    session.audio.as_ref()?.input.as_ref()
}

/// How turns are found. Nothing answers them, so nothing is created or interrupted.
pub(super) fn turn_detection(session: &TranscriptionSession) -> Option<TurnDetection> {
    let detection = input(session)?.turn_detection.value()?;
    if detection.type_.as_deref() == Some(SEMANTIC_VAD) {
        return Some(TurnDetection::from(SemanticVad {
            eagerness: detection.eagerness.clone(),
            create_response: Some(false),
            interrupt_response: Some(false),
        }));
    }
    Some(TurnDetection::from(ServerVad {
        threshold: detection.threshold,
        prefix_padding_ms: detection.prefix_padding_ms,
        silence_duration_ms: detection.silence_duration_ms,
        idle_timeout_ms: Patch::Null,
        create_response: Some(false),
        interrupt_response: Some(false),
    }))
}

/// Fills in what the server fills in, as recorded.
fn complete_turn_detection(detection: &mut TranscriptionTurnDetection) {
    if detection.type_.as_deref() == Some(SEMANTIC_VAD) {
        detection
            .eagerness
            .get_or_insert_with(|| Eagerness::from(SemanticVad::DEFAULT_EAGERNESS));
        return;
    }
    detection.threshold.get_or_insert(0.5);
    detection.prefix_padding_ms.get_or_insert(300);
    detection.silence_duration_ms.get_or_insert(200);
}

/// These two transcribe while somebody speaks, and have no use for turns.
fn finds_turns_itself(input: &TranscriptionAudioInput) -> bool {
    let model = input.transcription.value().and_then(|it| it.model.as_ref());
    matches!(
        model,
        Some(TranscriptionModel::GptRealtimeWhisper | TranscriptionModel::GptLiveTranscribe)
    )
}
