//! From an HTTP request to a session.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use hyper::{Request, Response, StatusCode};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::accept::Stream;
use super::shutdown::Stopping;
use super::{Shared, connection};
use crate::engine::SessionKind;
use crate::faults::HandshakeFault;

/// Where sessions are opened.
const REALTIME_PATH: &str = "/v1/realtime";

/// The subprotocol browsers offer beside those that carry their key.
const SUBPROTOCOL: &str = "realtime";

/// The intent of a client that wants a session that only transcribes.
const TRANSCRIPTION: &str = "transcription";

/// The model of a client that names none.
pub(super) const DEFAULT_MODEL: &str = "gpt-realtime";

/// Answers a request: with an upgrade that becomes a session, or with an error in OpenAI's form.
pub(super) fn answer<S: Stream>(
    mut request: Request<Incoming>,
    shared: &Arc<Shared>,
    stopping: &Stopping,
) -> Response<String> {
    if request.uri().path() != REALTIME_PATH {
        let message = format!(
            "mock-realtime serves {REALTIME_PATH}, not {}.",
            request.uri().path()
        );
        return error(StatusCode::NOT_FOUND, &message);
    }
    let query = Query::of(request.uri().query().unwrap_or_default());
    if let Some(parameter) = query.not_handled {
        let message = format!("mock-realtime does not handle `{parameter}` in the address yet.");
        return error(StatusCode::NOT_IMPLEMENTED, &message);
    }
    let mut response = match create_response_with_body(&request, String::new) {
        Ok(response) => response,
        Err(reason) => {
            return error(
                StatusCode::BAD_REQUEST,
                &format!("Expected a WebSocket upgrade: {reason}."),
            );
        }
    };
    if offers_subprotocol(&request) {
        response.headers_mut().insert(
            SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
    }
    let faults = shared.connect();
    if let Some(HandshakeFault::Status(status)) = faults.handshake() {
        return error(
            refused_with(*status),
            "This handshake is refused, as the test asked for.",
        );
    }
    let model = query.model.unwrap_or_else(|| DEFAULT_MODEL.to_owned());
    let session = shared.next_session(query.kind, model, &faults);
    tokio::spawn(connection::run::<S>(
        hyper::upgrade::on(&mut request),
        session,
        stopping.clone(),
    ));
    response
}

/// The status of a handshake that a test wants refused.
pub(super) fn refused_with(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What the address says.
#[derive(Debug, Default)]
struct Query {
    model: Option<String>,
    kind: SessionKind,
    /// A parameter that asks for a kind of session this version does not have.
    not_handled: Option<&'static str>,
}

impl Query {
    fn of(query: &str) -> Self {
        let mut found = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "model" => found.model = Some(value.into_owned()),
                "intent" if value == TRANSCRIPTION => found.kind = SessionKind::Transcription,
                "intent" => found.not_handled = Some("intent"),
                "call_id" => found.not_handled = Some("call_id"),
                _ => {}
            }
        }
        found
    }
}

fn offers_subprotocol(request: &Request<Incoming>) -> bool {
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    offered
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim() == SUBPROTOCOL)
}

/// An HTTP error as OpenAI's API gives it.
fn error(status: StatusCode, message: &str) -> Response<String> {
    let body = serde_json::json!({
        "error": { "message": message, "type": "invalid_request_error", "code": null, "param": null }
    });
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
