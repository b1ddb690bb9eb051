//! The session: flat in the beta, nested in GA.

use crate::protocol::Patch;
use crate::protocol::beta::{self, AudioFormat as BetaFormat, Modality as BetaModality};
use crate::protocol::realtime::{
    AudioFormat, AudioInput, AudioInputConfig, AudioOutput, AudioOutputConfig, Modality, PcmFormat,
    PcmaFormat, PcmuFormat, RealtimeModel, RealtimeSession, RealtimeSessionConfig, SessionAudio,
    SessionAudioConfig, SessionConfig, TranscriptionAudioConfig, TranscriptionAudioInput,
    TranscriptionAudioInputConfig, TranscriptionSession, TranscriptionSessionConfig, TurnDetection,
};

use super::TEMPERATURE;

/// What a flat session asks for, as GA asks for it: the body of the older `POST /v1/realtime/sessions`.
/// The temperature stays behind, and a client secret has no place in a session.
pub fn session_config(session: beta::SessionConfig) -> SessionConfig {
    nested(session).into()
}

/// The same of a session that only transcribes: the body of `POST /v1/realtime/transcription_sessions`.
pub fn transcription_session_config(session: beta::TranscriptionSessionConfig) -> SessionConfig {
    nested_transcription(session).into()
}

/// The flat session object: the answer to that call, once its client secret is put in. The temperature
/// is the one asked for, or 0.8.
pub fn session_object(session: RealtimeSession, temperature: Option<f64>) -> beta::Session {
    flat(session, temperature.unwrap_or(TEMPERATURE))
}

/// The same of a session that only transcribes.
pub fn transcription_session_object(session: TranscriptionSession) -> beta::TranscriptionSession {
    flat_transcription(session)
}

pub(super) fn nested(session: beta::SessionConfig) -> RealtimeSessionConfig {
    let input = AudioInputConfig {
        format: session.input_audio_format.as_ref().map(format_to_ga),
        transcription: session.input_audio_transcription,
        noise_reduction: session.input_audio_noise_reduction,
        turn_detection: session.turn_detection,
    };
    let output = AudioOutputConfig {
        format: session.output_audio_format.as_ref().map(format_to_ga),
        voice: session.voice,
        speed: session.speed,
    };
    RealtimeSessionConfig {
        output_modalities: session.modalities.map(modalities_to_ga),
        model: session
            .model
            .map(|model| RealtimeModel::from(model.as_str())),
        instructions: session.instructions,
        audio: Some(SessionAudioConfig {
            input: Some(input),
            output: Some(output),
        }),
        include: include_to_ga(session.include),
        tracing: session.tracing,
        tools: session.tools,
        tool_choice: session.tool_choice,
        max_output_tokens: session.max_response_output_tokens,
        truncation: session.truncation,
        prompt: session.prompt,
        ..RealtimeSessionConfig::default()
    }
}

pub(super) fn nested_transcription(
    session: beta::TranscriptionSessionConfig,
) -> TranscriptionSessionConfig {
    let input = TranscriptionAudioInputConfig {
        format: session.input_audio_format.as_ref().map(format_to_ga),
        transcription: session.input_audio_transcription,
        noise_reduction: session.input_audio_noise_reduction,
        turn_detection: session.turn_detection,
    };
    TranscriptionSessionConfig {
        audio: Some(TranscriptionAudioConfig { input: Some(input) }),
        include: session.include,
    }
}

/// GA has no null here: nothing is to be included.
fn include_to_ga<T>(include: Patch<Vec<T>>) -> Option<Vec<T>> {
    match include {
        Patch::Absent => None,
        Patch::Null => Some(Vec::new()),
        Patch::Value(include) => Some(include),
    }
}

pub(super) fn flat(session: RealtimeSession, temperature: f64) -> beta::Session {
    let SessionAudio { input, output } = session.audio.unwrap_or_default();
    let input = input.unwrap_or_default();
    let AudioOutput {
        format,
        voice,
        speed,
    } = output.unwrap_or_default();
    let AudioInput {
        format: input_format,
        transcription,
        noise_reduction,
        turn_detection,
    } = input;
    beta::Session {
        id: Some(session.id),
        object: Some(session.object),
        model: session
            .model
            .map(|model| beta::RealtimeModel::from(model.as_str())),
        expires_at: session.expires_at,
        modalities: session
            .output_modalities
            .map(|all| modalities_to_beta(&all)),
        instructions: session.instructions,
        voice,
        turn_detection: turn_detection.map(without_idle_timeout),
        input_audio_format: input_format.as_ref().map(format_to_beta),
        output_audio_format: format.as_ref().map(format_to_beta),
        input_audio_transcription: transcription,
        input_audio_noise_reduction: noise_reduction,
        include: session.include,
        client_secret: Patch::Null,
        tool_choice: session.tool_choice,
        temperature: Some(temperature),
        max_response_output_tokens: session.max_output_tokens,
        speed,
        tracing: session.tracing,
        prompt: session.prompt,
        tools: session.tools,
    }
}

/// The beta does not tell that there is no idle timeout.
fn without_idle_timeout(mut detection: TurnDetection) -> TurnDetection {
    if let TurnDetection::ServerVad(vad) = &mut detection
        && vad.idle_timeout_ms.is_null()
    {
        vad.idle_timeout_ms = Patch::Absent;
    }
    detection
}

pub(super) fn flat_transcription(session: TranscriptionSession) -> beta::TranscriptionSession {
    let TranscriptionAudioInput {
        format,
        transcription,
        noise_reduction,
        turn_detection,
    } = session
        .audio
        .and_then(|audio| audio.input)
        .unwrap_or_default();
    beta::TranscriptionSession {
        id: Some(session.id),
        object: Some(session.object),
        expires_at: session.expires_at,
        input_audio_format: format.as_ref().map(format_to_beta),
        input_audio_transcription: transcription,
        turn_detection,
        input_audio_noise_reduction: noise_reduction,
        include: session.include,
        client_secret: Patch::Null,
        modalities: None,
    }
}

/// The beta speaks whenever it may: its text is the transcript then.
pub(super) fn modalities_to_ga(modalities: Vec<BetaModality>) -> Vec<Modality> {
    if modalities.contains(&BetaModality::Audio) {
        return vec![Modality::Audio];
    }
    modalities
}

pub(super) fn modalities_to_beta(modalities: &[Modality]) -> Vec<BetaModality> {
    if modalities.contains(&Modality::Audio) {
        return vec![BetaModality::Text, BetaModality::Audio];
    }
    modalities.to_vec()
}

pub(super) fn format_to_ga(format: &BetaFormat) -> AudioFormat {
    match format {
        BetaFormat::G711Ulaw => PcmuFormat {}.into(),
        BetaFormat::G711Alaw => PcmaFormat {}.into(),
        // Of client events, the strict reading has refused any other.
        BetaFormat::Pcm16 | BetaFormat::Other(_) => PcmFormat { rate: Some(24_000) }.into(),
    }
}

pub(super) fn format_to_beta(format: &AudioFormat) -> BetaFormat {
    match format {
        AudioFormat::Pcm(_) => BetaFormat::Pcm16,
        AudioFormat::Pcmu(_) => BetaFormat::G711Ulaw,
        AudioFormat::Pcma(_) => BetaFormat::G711Alaw,
    }
}
