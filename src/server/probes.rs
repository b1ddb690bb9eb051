//! What those who run a server ask it: whether it lives, whether it takes sessions, what it counts.

use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::accept::Accepted;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The format that Prometheus calls its text format.
const PROMETHEUS: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The answer to a request that is a probe.
pub(super) fn answer(request: &Request<Incoming>, to: &Accepted) -> Option<Response<String>> {
    let (status, kind, body) = match request.uri().path() {
        "/healthz" => (StatusCode::OK, TEXT, "It lives.\n".to_owned()),
        "/readyz" => match to.shared.admission.would_admit(to.stopping.phase()) {
            Ok(()) => (StatusCode::OK, TEXT, "It takes sessions.\n".to_owned()),
            Err(reason) => {
                let body = format!("{}\n", reason.message());
                (StatusCode::SERVICE_UNAVAILABLE, TEXT, body)
            }
        },
        "/metrics" => (StatusCode::OK, PROMETHEUS, to.shared.metrics.to_text()),
        _ => return None,
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.body_mut().clear();
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
    }
    Some(response)
}
