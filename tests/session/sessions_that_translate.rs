//! Translation sessions, frame by frame.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::transcript;
use mock_realtime::engine::{ScriptedTranscriber, ScriptedTranslator, TranslationOptions};

fn options() -> TranslationOptions {
    TranslationOptions {
        transcriber: Box::new(ScriptedTranscriber::new(["Hello.", "Goodbye."])),
        translator: Box::new(ScriptedTranslator::new(["Hola."])),
        ..TranslationOptions::default()
    }
}

#[test]
fn each_sentence_is_said_again_in_the_other_language() {
    transcript::check_translation("translation", options());
}

#[test]
fn what_was_said_last_is_translated_before_the_close() {
    transcript::check_translation("translation_close", options());
}
