//! Where a field of GA is in the beta.

use crate::protocol::Patch;
use crate::protocol::realtime::ErrorEvent;

/// Paths in GA's client events, and what stands for them in the beta's.
const PATHS: &[(&str, &str)] = &[
    ("session.audio.input.format", "session.input_audio_format"),
    (
        "session.audio.input.noise_reduction",
        "session.input_audio_noise_reduction",
    ),
    (
        "session.audio.input.transcription",
        "session.input_audio_transcription",
    ),
    (
        "session.audio.input.turn_detection",
        "session.turn_detection",
    ),
    ("session.audio.output.format", "session.output_audio_format"),
    ("session.audio.output.speed", "session.speed"),
    ("session.audio.output.voice", "session.voice"),
    (
        "session.max_output_tokens",
        "session.max_response_output_tokens",
    ),
    ("session.output_modalities", "session.modalities"),
    (
        "response.audio.output.format",
        "response.output_audio_format",
    ),
    ("response.audio.output.voice", "response.voice"),
    ("response.output_modalities", "response.modalities"),
];

/// An error that names a field names it as the beta does, in its text as well.
pub(super) fn translate(event: &mut ErrorEvent) {
    let Patch::Value(param) = &mut event.error.param else {
        return;
    };
    let found = PATHS.iter().find(|(ga, _)| is_within(param, ga));
    if let Some((ga, beta)) = found {
        let (from, to) = (format!("'{ga}"), format!("'{beta}"));
        event.error.message = event.error.message.replace(&from, &to);
        param.replace_range(..ga.len(), beta);
    }
}

/// Whether a path is this one or leads on from it.
fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::realtime::ErrorDetails;

    fn translated(param: &str, message: &str) -> (Patch<String>, String) {
        let mut details = ErrorDetails::new("invalid_request_error", message);
        details.param = Patch::from(param.to_owned());
        let mut event = ErrorEvent::new("event_1", details);
        translate(&mut event);
        (event.error.param, event.error.message)
    }

    #[test]
    fn a_field_is_named_as_in_the_beta() {
        let (param, message) = translated(
            "session.audio.output.voice",
            "Invalid value: 'x' at 'session.audio.output.voice'.",
        );
        assert_eq!(param, Patch::Value("session.voice".to_owned()));
        assert_eq!(message, "Invalid value: 'x' at 'session.voice'.");
    }

    #[test]
    fn what_is_inside_a_field_moves_with_it() {
        let (param, _) = translated("session.audio.input.turn_detection.threshold", "");
        assert_eq!(
            param,
            Patch::Value("session.turn_detection.threshold".to_owned())
        );
    }

    #[test]
    fn a_field_that_only_begins_alike_stays() {
        let (param, _) = translated("session.output_modalities_2", "");
        assert_eq!(
            param,
            Patch::Value("session.output_modalities_2".to_owned())
        );
    }
}
