//! Every event of the recorded sessions decodes to its type and encodes back to the same JSON.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use mock_realtime::protocol::realtime::{ClientEvent, ServerEvent, TranslationServerEvent};
use mock_realtime::protocol::{Event, EventKind, decode};
use serde_json::Value;

/// Events of one file that cannot come back as they were, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "conversation.item.retrieved",
        "OpenAI's page abbreviates the audio with dots, which is no base64",
    ),
    (
        " input_audio_buffer.dtmf_event_received",
        "OpenAI's page has a space before the type, a typing error",
    ),
    (
        "response.output_audio.delta",
        "OpenAI's page has a word in place of the audio",
    ),
    (
        "session.output_audio.delta",
        "OpenAI's page has a word in place of the audio",
    ),
];
const FILE_WITH_EXCEPTIONS: &str = "ga_openai_docs_examples.jsonl";

#[test]
fn recorded_events_encode_to_what_was_recorded() {
    let Some(folder) = crate::support::shared("recordings") else {
        return;
    };
    let mut failures = Vec::new();
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("ga_")
            || file
                .extension()
                .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        for (number, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let line: Value = serde_json::from_str(line).unwrap();
            let event = &line["event"];
            let back = match line["dir"].as_str() {
                Some("s2c") if is_translation(&line) => round_trip::<TranslationServerEvent>(event),
                Some("s2c") => round_trip::<ServerEvent>(event),
                Some("c2s") => round_trip::<ClientEvent>(event),
                _ => continue,
            };
            seen += 1;
            let place = format!("{name}:{}", number + 1);
            let excepted = name == FILE_WITH_EXCEPTIONS
                && EXCEPTIONS.iter().any(|(kind, _)| event["type"] == *kind);
            match back {
                Ok(()) if excepted => failures.push(format!("{place}: is no exception any more")),
                Err(difference) if !excepted => {
                    failures.push(format!("{place}: {}: {difference}", event["type"]));
                }
                _ => {}
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {seen}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(seen > 200, "only {seen} events found");
}

fn is_translation(line: &Value) -> bool {
    line["schema"]
        .as_str()
        .is_some_and(|schema| schema.starts_with("RealtimeTranslation"))
}

fn round_trip<E: Event>(event: &Value) -> Result<(), String> {
    let typed: E = decode(&event.to_string()).map_err(|error| error.to_string())?;
    assert_eq!(Some(typed.kind().as_str()), event["type"].as_str());
    let back = serde_json::to_value(&typed).map_err(|error| error.to_string())?;
    if crate::support::same(&back, event) {
        Ok(())
    } else {
        Err(format!("\n  was {event}\n  is  {back}"))
    }
}
