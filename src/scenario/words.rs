//! Text as words.

use std::collections::HashSet;
use std::sync::OnceLock;

/// The words in lower case, each with one blank before it and after it; nothing where there is no
/// word. An apostrophe belongs to its word.
pub(super) fn normalise(text: &str) -> String {
    let mut normalised = String::with_capacity(text.len() + 2);
    for word in split(text) {
        normalised.push(' ');
        normalised.extend(word.chars().flat_map(char::to_lowercase));
    }
    if !normalised.is_empty() {
        normalised.push(' ');
    }
    normalised
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    let between =
        |character: char| !character.is_alphanumeric() && !matches!(character, '\'' | '’');
    let words = text.split(between);
    words
        .map(|word| word.trim_matches(['\'', '’']))
        .filter(|word| !word.is_empty())
}

/// A text that is looked into many times, or never: then its words are not told apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub(super) text: String,
    parted: OnceLock<Parted>,
}

/// The words of a text.
#[derive(Clone, Debug)]
struct Parted {
    normalised: String,
    distinct: HashSet<String>,
}

impl Parted {
    fn of(text: &str) -> Self {
        let normalised = normalise(text);
        let distinct = normalised.split_whitespace().map(str::to_owned).collect();
        Self {
            normalised,
            distinct,
        }
    }
}

impl Words {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            parted: OnceLock::new(),
        }
    }

    fn parted(&self) -> &Parted {
        self.parted.get_or_init(|| Parted::of(&self.text))
    }

    /// Whether the phrase is in it as whole words.
    pub(super) fn has(&self, phrase: &super::model::Phrase) -> bool {
        let parted = self.parted();
        // Most are not there, which the first word says at once.
        parted.distinct.contains(&phrase.first) && parted.normalised.contains(&phrase.normalised)
    }

    /// Whether the phrase is in it, be it within other words.
    pub(super) fn has_within(&self, phrase: &super::model::Phrase) -> bool {
        self.parted().normalised.contains(phrase.normalised.trim())
    }

    /// Whether it and the other share a word.
    pub(super) fn overlaps(&self, other: &str) -> bool {
        let distinct = &self.parted().distinct;
        normalise(other)
            .split_whitespace()
            .any(|word| distinct.contains(word))
    }

    /// Whether there is no word in it.
    pub(super) fn is_empty(&self) -> bool {
        self.parted().distinct.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::Phrase;
    use super::*;

    fn has(text: &str, phrase: &str) -> bool {
        Phrase::new(phrase).is_ok_and(|phrase| Words::of(text).has(&phrase))
    }

    #[test]
    fn phrases_are_whole_words_in_any_case() {
        assert!(has("Well, HELLO there!", "hello"));
        assert!(has("I'll see  you, later", "See you"));
        assert!(has("Grüß Gott", "GRÜß"));
        assert!(!has("I know this thing", "no"));
        assert!(!has("I know this thing", "hi"));
        assert!(!has("you see", "see you"));
    }

    #[test]
    fn within_words_they_are_found_if_asked_for() {
        let know = Phrase::new("no").unwrap();
        assert!(Words::of("I know").has_within(&know));
    }

    #[test]
    fn an_apostrophe_does_not_part_a_word_and_quotes_do_not_join_it() {
        assert_eq!(normalise("Don't say 'no'."), " don't say no ");
        assert_eq!(normalise("?!"), "");
    }
}
