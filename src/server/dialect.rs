//! In which dialect of the protocol a client is answered.

use hyper::HeaderMap;

use super::subprotocols::Subprotocols;

/// A dialect of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// What the service speaks.
    Ga,
    /// What it spoke before.
    Beta,
}

/// The header that asks for the beta dialect, and what it says then.
const BETA_HEADER: &str = "openai-beta";
const BETA: &str = "realtime=v1";

impl Dialect {
    /// The dialect that a client asks for, by a header or by a subprotocol; else the one of the
    /// path it came by.
    pub(super) fn asked_for(path: Self, headers: &HeaderMap, offered: &Subprotocols) -> Self {
        let mut betas = headers.get_all(BETA_HEADER).iter();
        let by_header = betas.any(|value| {
            let features = value.to_str().unwrap_or_default().split(',');
            features.into_iter().any(|feature| feature.trim() == BETA)
        });
        if by_header || offered.beta {
            return Self::Beta;
        }
        path
    }
}
