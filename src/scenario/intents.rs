//! The intents that are known without being declared.

use std::sync::LazyLock;

use super::model::Phrase;
use super::words::Words;

/// An intent and the words that show it.
type Intent = (&'static str, &'static [&'static str]);

/// As whole words. A question mark shows a question, too.
const INTENTS: [Intent; 8] = [
    ("greeting", &["hello", "hi", "hey", "greetings"]),
    ("farewell", &["goodbye", "bye", "see you", "farewell"]),
    ("help_request", &["help", "assist", "support", "problem"]),
    (QUESTION, &["what", "how", "why", "when", "where", "who"]),
    (
        "complaint",
        &["complaint", "issue", "problem", "wrong", "broken"],
    ),
    ("gratitude", &["thank", "thanks", "appreciate"]),
    ("confirmation", &["yes", "correct", "right", "confirm"]),
    ("denial", &["no", "wrong", "incorrect", "deny"]),
];

const QUESTION: &str = "question";

/// The names of the intents that are known without being declared.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    INTENTS.iter().map(|(name, _)| *name)
}

static PHRASES: LazyLock<Vec<(&'static str, Vec<Phrase>)>> = LazyLock::new(|| {
    let phrases = |words: &[&str]| words.iter().flat_map(|word| Phrase::new(*word)).collect();
    let intents = INTENTS.iter();
    intents
        .map(|(name, words)| (*name, phrases(words)))
        .collect()
});

/// Which of them are in a text.
pub(super) fn of(text: &Words) -> impl Iterator<Item = &'static str> {
    PHRASES.iter().filter_map(|(name, phrases)| {
        let asked = *name == QUESTION && text.text.contains('?');
        let shown = asked || phrases.iter().any(|phrase| text.has(phrase));
        shown.then_some(*name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intents(text: &str) -> Vec<&'static str> {
        of(&Words::of(text)).collect()
    }

    #[test]
    fn several_intents_can_be_in_a_sentence() {
        assert_eq!(
            intents("Hello, I need help with a problem"),
            ["greeting", "help_request", "complaint"]
        );
    }

    #[test]
    fn parts_of_words_show_no_intent() {
        assert!(intents("I know this thing is bright, whatever").is_empty());
    }

    #[test]
    fn a_question_mark_asks() {
        assert_eq!(intents("Tuesday?"), ["question"]);
    }
}
