//! What is said in the other language.

use std::collections::VecDeque;
use std::fmt;

use crate::audio::Clip;

/// A translation of what was said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translation {
    /// What is said, in the other language.
    pub text: String,
    /// How it sounds. Without a clip the mock's own voice says the text.
    pub audio: Option<Clip>,
}

impl<T: Into<String>> From<T> for Translation {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            audio: None,
        }
    }
}

/// Decides what is said in the other language.
pub trait Translator: Send {
    /// `said` in the language with this code.
    fn translate(&mut self, said: &str, language: &str) -> Translation;
}

impl<F> Translator for F
where
    F: FnMut(&str, &str) -> Translation + Send,
{
    fn translate(&mut self, said: &str, language: &str) -> Translation {
        self(said, language)
    }
}

impl fmt::Debug for dyn Translator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Translator")
    }
}

/// Says texts from a list, one for each thing that is said. When the list is at its end it says
/// again what was said, with the language before it: `(es) Hello.`
#[derive(Clone, Debug, Default)]
pub struct ScriptedTranslator {
    texts: VecDeque<String>,
}

impl ScriptedTranslator {
    /// Says these texts in turn.
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self {
            texts: texts.into_iter().map(Into::into).collect(),
        }
    }
}

impl Translator for ScriptedTranslator {
    fn translate(&mut self, said: &str, language: &str) -> Translation {
        let text = self.texts.pop_front();
        text.unwrap_or_else(|| format!("({language}) {said}"))
            .into()
    }
}
