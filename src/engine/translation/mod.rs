//! Translation sessions: speech goes in, speech in another language comes out.
//!
//! They have events of their own. All of it is *inferred* from the published descriptions; no
//! recording has one.

mod options;
mod output;
mod session;
mod translator;

pub use options::TranslationOptions;
pub use session::TranslationSession;
pub use translator::{ScriptedTranslator, Translation, Translator};
