//! What each client event does: a file a family, an implementation of the family's generated trait.
//!
//! A handler changes the session and queues events, or returns a [`Refusal`](super::refusal) and
//! has changed nothing.

mod conversation_item;
mod input_audio_buffer;
mod output_audio_buffer;
mod response;
mod session;

use super::refusal::Refusal;

/// What a handler returns.
type Handled = Result<(), Refusal>;
