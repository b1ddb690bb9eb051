//! Text in the pieces a model says it in.

/// The longest piece in characters; padding fills every delta up to 16.
const LONGEST: usize = 12;

/// Cuts `text` into pieces: a word with the space before it, a mark of punctuation, a part of a
/// long word. Together they are the text; none is empty. Each counts as a token.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(piece_length(rest)?);
        rest = after;
        Some(piece)
    })
}

/// Bytes of the first piece.
fn piece_length(text: &str) -> Option<usize> {
    let mut kind = None;
    for (count, (index, character)) in text.char_indices().enumerate() {
        let word = character.is_alphanumeric() || character == '\'';
        let boundary = match kind {
            None => false,
            // A space belongs to the word after it.
            Some(Kind::Space | Kind::Word) => !word,
            Some(Kind::Mark) => true,
        };
        if boundary || count == LONGEST {
            return Some(index);
        }
        kind = Some(match (kind, word) {
            (_, true) => Kind::Word,
            (None, false) if character == ' ' => Kind::Space,
            _ => Kind::Mark,
        });
    }
    kind.map(|_| text.len())
}

#[derive(Clone, Copy)]
enum Kind {
    Space,
    Word,
    Mark,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_the_space_before_them() {
        let pieces: Vec<&str> = pieces("Hello, my name is  Marcelo! It's 5.").collect();
        assert_eq!(
            pieces,
            [
                "Hello", ",", " my", " name", " is", " ", " Marcelo", "!", " It's", " 5", "."
            ]
        );
    }

    #[test]
    fn no_piece_is_longer_than_the_padding_allows() {
        let text = "Donaudampfschifffahrtsgesellschaft äöüäöüäöüäöüäöü".repeat(3);
        assert!(pieces(&text).all(|piece| (1..=LONGEST).contains(&piece.chars().count())));
        assert_eq!(pieces(&text).collect::<String>(), text);
    }

    #[test]
    fn no_text_has_no_pieces() {
        assert_eq!(pieces("").count(), 0);
    }
}
