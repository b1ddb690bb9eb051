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
    route.is_preview || offered.beta || says_beta(headers)
}

/// The same of a request to any server, whose paths need not be known.
#[cfg(feature = "recording")]
pub(crate) fn request_asks_for_beta(path: &str, headers: &HeaderMap) -> bool {
    let is_preview = Route::find(path).is_some_and(|route| route.is_preview);
    is_preview || Subprotocols::offered(headers).beta || says_beta(headers)
}

fn says_beta(headers: &HeaderMap) -> bool {
    let mut betas = headers.get_all(BETA_HEADER).iter();
    betas.any(|value| {
        let features = value.to_str().unwrap_or_default().split(',');
        features.into_iter().any(|feature| feature.trim() == BETA)
    })
}
