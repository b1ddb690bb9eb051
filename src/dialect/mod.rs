//! The words a session is held in: GA, the beta before it, and what Azure makes of either.
//!
//! The engine speaks GA and nothing else. A [`DialectSession`] stands around it: it reads what the
//! client sends in its dialect and makes GA events of it, and writes the engine's events in the
//! client's dialect. Hooks, expectations and generators see GA events, whatever the client speaks.
//!
//! ```
//! use std::time::Duration;
//!
//! use mock_realtime::dialect::{Dialect, DialectSession};
//! use mock_realtime::engine::{Input, Output};
//!
//! let mut session = DialectSession::new(Dialect::Beta, Dialect::Beta.options());
//! let update = r#"{"type":"session.update","session":{"modalities":["text"],"temperature":0.7}}"#;
//! session.handle(Input::Text(update), Duration::ZERO);
//! let mut text = String::new();
//! while let Some(Output::Event(event)) = session.poll() {
//!     text.clear();
//!     session.write(&event, &mut text)?;
//! }
//! assert!(text.contains(r#""modalities":["text"]"#) && text.contains(r#""temperature":0.7"#));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod azure;
pub mod beta;
mod choice;
mod session;
mod supported;

pub use choice::{Asked, BetaRefused, Choice};
pub use session::DialectSession;

use std::time::Duration;

use crate::engine::SessionOptions;

/// The words a session is held in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// What OpenAI has spoken since August 2025.
    #[default]
    Ga,
    /// What OpenAI spoke until May 2026.
    Beta,
    /// What Azure's endpoint with `/openai/v1/` speaks: GA with a few deviations.
    Azure,
    /// What Azure's older endpoint with `api-version` speaks: the beta, with Azure's deviations.
    /// *Inferred* from the two, but for the shapes.
    AzurePreview,
}

impl Dialect {
    /// Whether its shapes are those of the beta.
    pub const fn is_beta(self) -> bool {
        matches!(self, Self::Beta | Self::AzurePreview)
    }

    /// Whether it is spoken on Azure.
    pub const fn is_azure(self) -> bool {
        matches!(self, Self::Azure | Self::AzurePreview)
    }

    /// How long the service lets a session of this dialect last.
    pub const fn maximum_duration(self) -> Duration {
        let minutes = if self.is_beta() { 30 } else { 60 };
        Duration::from_secs(minutes * 60)
    }

    /// The default options of a session in this dialect.
    pub fn options(self) -> SessionOptions {
        SessionOptions {
            maximum_duration: self.maximum_duration(),
            ..SessionOptions::default()
        }
    }
}
