//! Where Azure's GA endpoint deviates, as recorded: parts of content are sent twice over, rate limits
//! never, and the list of supported events has one of the beta's.

use crate::protocol::realtime::{ClientEvent, ServerEvent};
use crate::protocol::{DecodeError, decode};

use super::supported;

/// Reads what a client of Azure sends.
pub(super) fn read(text: &str) -> Result<ClientEvent, DecodeError> {
    decode(text).map_err(|error| supported::listing(error, supported::on_azure()))
}

/// Whether Azure sends such an event at all.
pub(super) const fn has(event: &ServerEvent) -> bool {
    !matches!(event, ServerEvent::RateLimitsUpdated(_))
}

/// The event as Azure sends it.
pub(super) fn in_words(mut event: ServerEvent) -> ServerEvent {
    match &mut event {
        ServerEvent::ResponseContentPartAdded(event) => event.content = Some(event.part.clone()),
        ServerEvent::ResponseContentPartDone(event) => event.content = Some(event.part.clone()),
        _ => {}
    }
    event
}
