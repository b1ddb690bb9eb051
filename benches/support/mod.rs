//! The sessions that are measured.

use std::time::Duration;

use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::engine::{Input, Output, Session, SessionOptions};
use mock_realtime::generators::{
    PlannedItem, PlannedMessage, ResponseGenerator, ResponsePlan, ResponseRequest, Scripted,
};

const TO_TEXT: &str =
    r#"{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}"#;
const ITEM: &str = r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Tell me a story"}]}}"#;
const RESPOND: &str = r#"{"type":"response.create"}"#;

/// 5 s of audio as 16-bit samples at 24 kHz.
const FIVE_SECONDS: usize = 5 * 24_000 * 2;

/// A session in text, that answers with 200 words, one event each.
pub(crate) fn text_session() -> Session {
    let story = "once upon a time there was a mock ".repeat(25);
    let mut session = session(Box::new(Scripted::new([story.trim_end()])));
    session.handle(Input::Text(TO_TEXT), Duration::ZERO);
    drain(&mut session);
    session
}

/// A session in speech, that answers with 5 s of it.
pub(crate) fn speech_session() -> Session {
    let audio: Vec<u8> = (0..=250).cycle().take(FIVE_SECONDS).collect();
    let audio = Clip::from_bytes(&audio, Encoding::Pcm16);
    session(Box::new(move |_: ResponseRequest<'_>| {
        ResponsePlan::of([PlannedItem::Message(PlannedMessage {
            text: "Once upon a time there was a mock, and it spoke at length.".to_owned(),
            audio: Some(audio.clone()),
            ..PlannedMessage::default()
        })])
    }))
}

fn session(generator: Box<dyn ResponseGenerator>) -> Session {
    let mut session = Session::new(SessionOptions {
        generator,
        ..SessionOptions::default()
    });
    drain(&mut session);
    session
}

/// Plays a turn: an item of the user, and the response. `take` gets each event.
pub(crate) fn turn(mut session: Session, mut take: impl FnMut(Output)) -> Session {
    for frame in [ITEM, RESPOND] {
        session.handle(Input::Text(frame), Duration::ZERO);
        while let Some(output) = session.poll() {
            take(output);
        }
    }
    session
}

/// 100 ms of audio, appended.
pub(crate) fn append_of_100_ms() -> String {
    let audio = "AAEC".repeat(1600);
    format!(r#"{{"type":"input_audio_buffer.append","audio":"{audio}"}}"#)
}

/// Throws away what the session sends.
pub(crate) fn drain(session: &mut Session) {
    while session.poll().is_some() {}
}
