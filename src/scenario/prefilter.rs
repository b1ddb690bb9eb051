//! Which responses a text rules out before any of their patterns is tried.
//!
//! Most patterns have a literal at their beginning or end. All literals of a scenario are searched
//! for at once, and only the patterns whose literal is there are tried.

use aho_corasick::AhoCorasick;
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use super::model::{MockResponseConfig, Pattern, Scenario};

/// Literals that are shorter are in too many texts to be of use.
const SHORTEST: usize = 3;

/// The literals of a scenario's patterns.
#[derive(Debug, Default)]
pub(super) struct Prefilter {
    literals: Option<AhoCorasick>,
    /// The response each literal belongs to.
    owners: Vec<usize>,
    /// Whether a response has to be tried whatever is said.
    always: Vec<bool>,
}

impl Prefilter {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let mut literals = Vec::new();
        let mut owners = Vec::new();
        let mut always = Vec::new();
        for (index, response) in scenario.responses.values().enumerate() {
            let own = literals_of(response);
            always.push(own.is_none());
            let own = own.unwrap_or_default();
            owners.extend(own.iter().map(|_| index));
            literals.extend(own);
        }
        match AhoCorasick::new(&literals) {
            Ok(literals) => Self {
                literals: Some(literals),
                owners,
                always,
            },
            // Too many to search for at once: all responses are tried.
            Err(_) => Self::default(),
        }
    }

    /// The responses that the text does not rule out; `None` if that are all.
    pub(super) fn candidates(&self, text: &str) -> Option<Vec<bool>> {
        let literals = self.literals.as_ref()?;
        // Outside ASCII, letters that are equal but for their case do not always become the same
        // small letter.
        if !text.is_ascii() {
            return None;
        }
        let mut candidates = self.always.clone();
        for found in literals.find_overlapping_iter(&text.to_ascii_lowercase()) {
            candidates[self.owners[found.pattern().as_usize()]] = true;
        }
        Some(candidates)
    }
}

/// In small letters, literals of which one is in every text that one of the response's patterns is
/// found in; `None` if there are no such literals.
fn literals_of(response: &MockResponseConfig) -> Option<Vec<Vec<u8>>> {
    let text = response.when.text.as_ref()?;
    if text.matches.is_empty() {
        return None;
    }
    let of_patterns = text.matches.iter().map(literals_of_pattern);
    let of_patterns: Option<Vec<Vec<Vec<u8>>>> = of_patterns.collect();
    of_patterns.map(|literals| literals.concat())
}

fn literals_of_pattern(pattern: &Pattern) -> Option<Vec<Vec<u8>>> {
    // Case is taken out of the literals rather than put into the pattern, which would multiply
    // them.
    let hir = regex_syntax::parse(pattern.as_str()).ok()?;
    [ExtractKind::Prefix, ExtractKind::Suffix]
        .into_iter()
        .find_map(|kind| literals_at(&hir, kind))
}

fn literals_at(hir: &Hir, kind: ExtractKind) -> Option<Vec<Vec<u8>>> {
    let found = Extractor::new().kind(kind).extract(hir);
    let literals = found.literals()?.iter();
    let literals = literals.map(|literal| literal.as_bytes().to_ascii_lowercase());
    let literals: Vec<Vec<u8>> = literals.collect();
    let useful = !literals.is_empty()
        && literals
            .iter()
            .all(|literal| literal.len() >= SHORTEST && literal.is_ascii());
    useful.then_some(literals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{always, user_matches, when};

    fn scenario(patterns: &[&str]) -> Scenario {
        let mut scenario = Scenario::new("x").response("rest", always());
        for pattern in patterns {
            let criteria = user_matches(pattern).unwrap();
            scenario = scenario.response(pattern, when(criteria));
        }
        scenario
    }

    #[test]
    fn texts_without_a_literal_rule_out_what_needs_one() {
        let patterns = [r"\border (\d+)", r"\d+ ROLLS\b", r"\w+", "tea|coffee"];
        let filter = Prefilter::of(&scenario(&patterns));
        let candidates = |text: &str| filter.candidates(text).unwrap();
        assert_eq!(candidates("hello"), [true, false, false, true, false]);
        assert_eq!(candidates("ORDER 7"), [true, true, false, true, false]);
        assert_eq!(candidates("7 rolls"), [true, false, true, true, false]);
        assert_eq!(candidates("Coffee"), [true, false, false, true, true]);
        assert_eq!(filter.candidates("7 ro\u{17f}ls"), None);
    }

    #[test]
    fn no_text_a_pattern_is_found_in_is_ruled_out() {
        let patterns = [
            "(?i)Hello",
            "(?-i)HELLO",
            "hel+o",
            "^(good )?morning",
            "(a|b)cde",
            "x{3}yz",
            "[Hh]ello",
        ];
        let texts = [
            "hello",
            "HELLO",
            "Helllo",
            "Good Morning",
            "morning",
            "ACDE",
            "xxxyz",
            "b cde",
        ];
        let scenario = scenario(&patterns);
        let filter = Prefilter::of(&scenario);
        for text in texts {
            let candidates = filter.candidates(text).unwrap();
            for (index, response) in scenario.responses.values().enumerate() {
                let condition = response.when.text.as_ref();
                let found = condition
                    .is_some_and(|text_| text_.matches.iter().any(|pattern| pattern.is_in(text)));
                assert!(!found || candidates[index], "{text}: {condition:?}");
            }
        }
    }
}
