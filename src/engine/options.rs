//! What a session is started with.

use std::time::Duration;

use crate::generators::{ResponseGenerator, Scripted};

/// What a session is started with.
#[derive(Debug)]
pub struct SessionOptions {
    /// The model the client asked for; echoed as it came.
    pub model: String,
    /// The seed of all ids and padding.
    pub seed: u64,
    /// When the session starts, in Unix seconds: for `expires_at` and the stamps in ids.
    pub started_at: u64,
    /// How long a session may last; the real server allows 60 minutes.
    pub maximum_duration: Duration,
    /// Whether `conversation.item.done` of a generated item says `null` for the conversation's
    /// first item, as the real server does in all recordings, or the truth.
    pub previous_item_id_quirk: bool,
    /// What responses say.
    pub generator: Box<dyn ResponseGenerator>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            model: "gpt-realtime".to_owned(),
            seed: 0,
            // A round moment, so that runs with the defaults are equal to each other.
            started_at: 1_800_000_000,
            maximum_duration: Duration::from_secs(60 * 60),
            previous_item_id_quirk: true,
            generator: Box::new(Scripted::default()),
        }
    }
}
