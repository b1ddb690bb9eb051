//! What a browser says in the subprotocols it offers, since it cannot set headers.

use hyper::HeaderMap;
use hyper::header::SEC_WEBSOCKET_PROTOCOL;

/// The subprotocol that is spoken.
pub(super) const REALTIME: &str = "realtime";

/// The one that asks for the beta dialect.
const BETA: &str = "openai-beta.realtime-v1";

/// What comes before a key. Organisation and project come in the same way, and are accepted like
/// their headers: a mock has no use for them.
const KEY: &str = "openai-insecure-api-key.";

/// What a client says by the subprotocols it offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Subprotocols {
    /// Whether it offers the one that is spoken.
    pub(super) realtime: bool,
    /// Whether it asks for the beta dialect.
    pub(super) beta: bool,
    pub(super) key: Option<String>,
}

impl Subprotocols {
    pub(super) fn offered(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let names = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        for name in names.map(str::trim) {
            match name {
                REALTIME => found.realtime = true,
                BETA => found.beta = true,
                _ => {
                    if let Some(key) = name.strip_prefix(KEY) {
                        found.key = Some(key.to_owned());
                    }
                }
            }
        }
        found
    }
}
