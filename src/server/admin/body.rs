//! The bodies of requests.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;

use super::refusals::Refusal;

/// The most bytes of a body. Scenarios may have sound in them.
const LONGEST: usize = 8 * 1024 * 1024;

/// How long it may take to come.
const WITHIN: Duration = Duration::from_secs(30);

/// Reads a body that may be of these types; where there are none, there is nothing to read.
pub(super) async fn read(request: Request<Incoming>, types: &[&str]) -> Result<String, Refusal> {
    if types.is_empty() {
        return Ok(String::new());
    }
    if let Some(found) = request.headers().get(CONTENT_TYPE) {
        let found = String::from_utf8_lossy(found.as_bytes());
        let essence = found.split(';').next().unwrap_or_default().trim();
        if !types
            .iter()
            .any(|known| known.eq_ignore_ascii_case(essence))
        {
            return Err(Refusal::wrong_content_type(&found, types));
        }
    }
    let body = Limited::new(request.into_body(), LONGEST).collect();
    let body = match tokio::time::timeout(WITHIN, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Err(Refusal::body_too_long(LONGEST));
        }
        Ok(Err(_)) => return Err(Refusal::broken_body()),
        Err(_) => return Err(Refusal::body_too_late()),
    };
    String::from_utf8(body.into()).map_err(|_| Refusal::not_utf8())
}
