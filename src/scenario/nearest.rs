//! The word that was probably meant.

/// The candidate that is nearest to `word`, if one is near.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            // A third of the longer word may be wrong, and one letter of a short one.
            let length = word.chars().count().max(candidate.chars().count());
            *distance <= (length / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["greeting", "farewell", "question"];
        assert_eq!(nearest("greting", known), Some("greeting"));
        assert_eq!(nearest("farewlel", known), Some("farewell"));
        assert_eq!(nearest("pizza", known), None);
    }
}
