//! Whether a client asks for the beta dialect of the protocol.

use hyper::HeaderMap;

use super::routes::Route;
use super::subprotocols::Subprotocols;

/// The header that asks for the beta dialect, and what it says then.
const BETA_HEADER: &str = "openai-beta";
const BETA: &str = "realtime=v1";

/// Whether a client asks for it: by its path, by a header or by a subprotocol.
pub(super) fn asks_for_beta(
    route: &Route<'_>,
    headers: &HeaderMap,
    offered: &Subprotocols,
) -> bool {
    let mut betas = headers.get_all(BETA_HEADER).iter();
    let by_header = betas.any(|value| {
        let features = value.to_str().unwrap_or_default().split(',');
        features.into_iter().any(|feature| feature.trim() == BETA)
    });
    route.is_preview || offered.beta || by_header
}
