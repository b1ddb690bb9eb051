//! The catalogue of what is answered to those who are not let in, and to requests that are wrong.
//!
//! Codes and texts are those observed unless marked *inferred*; all inferred ones are in this file.

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use crate::engine::Refusal;
use crate::faults::RefuseHandshake;

use super::auth::Denied;
#[cfg(feature = "calls")]
use super::calls::{BadOffer, CannotDo};
use super::routes::Provider;

/// Why no session begins on a WebSocket: what its error says, and the code of the close after it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HandshakeRefusal {
    pub(super) refusal: Refusal,
    pub(super) close: u16,
}

/// The close codes observed: one for keys, one for the rest.
const NOT_ADMITTED: u16 = 3000;
const NOT_POSSIBLE: u16 = 4000;

/// Where a conversation has the model that transcribes.
pub(super) const TRANSCRIPTION_MODEL: &str = "audio.input.transcription.model";

/// The same in the beta. That its errors would say so is *inferred*.
pub(super) const BETA_TRANSCRIPTION_MODEL: &str = "input_audio_transcription.model";

impl HandshakeRefusal {
    fn not_possible(refusal: Refusal) -> Self {
        let close = NOT_POSSIBLE;
        Self { refusal, close }
    }

    /// The reason of the close: class and code of the error.
    pub(super) fn reason(&self) -> String {
        match self.refusal.code() {
            Some(code) => format!("{}.{code}", self.refusal.kind()),
            None => self.refusal.kind().to_owned(),
        }
    }

    /// The beta dialect, which the service does not speak any more.
    pub(super) fn beta_is_off() -> Self {
        Self::not_possible(Refusal::new(
            "beta_api_shape_disabled",
            "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
        ))
    }

    /// No model where there has to be one.
    pub(super) fn no_model() -> Self {
        Self::not_possible(Refusal::new(
            "missing_model",
            "You must provide a model parameter, for example \
             wss://api.openai.com/v1/realtime?model=gpt-realtime-1.5",
        ))
    }

    /// A model that holds no conversations. The end of the text is *inferred*.
    pub(super) fn not_for_conversations(model: &str) -> Self {
        Self::not_possible(Refusal::new(
            "invalid_model",
            format!("Model \"{model}\" is not supported in realtime mode."),
        ))
    }

    /// A model that does not translate. *Inferred*.
    pub(super) fn not_for_translation(model: &str) -> Self {
        Self::not_possible(Refusal::new(
            "invalid_model",
            format!("Model \"{model}\" is not supported in translation mode."),
        ))
    }

    /// A model that transcribes, in the place of one that answers; `place` is the one for it.
    pub(super) fn for_transcription_only(model: &str, place: &str) -> Self {
        Self::not_possible(Refusal::new(
            "invalid_model",
            format!(
                "Model '{model}' is a transcription model and cannot be used as the realtime \
                 session model. Use a realtime model for the session model. Pass this \
                 transcription model as {place} instead."
            ),
        ))
    }

    /// A model where there has to be none. That it has no code is *inferred*.
    pub(super) fn model_in_transcription() -> Self {
        Self::not_possible(Refusal::without_code(
            "You must not provide a model parameter for transcription sessions",
        ))
    }

    /// An `intent` that nobody knows. *Inferred*.
    pub(super) fn unknown_intent(intent: &str) -> Self {
        let message = format!("Invalid value: '{intent}'. Supported values are: 'transcription'.");
        Self::not_possible(Refusal::new("invalid_value", message).at("intent"))
    }

    /// An ephemeral key for another kind of session. *Inferred*.
    pub(super) fn key_of_another_session() -> Self {
        Self::not_possible(Refusal::without_code(
            "The ephemeral key was made for a session of another type.",
        ))
    }
}

/// Those of the mock, whose sessions belong to tests.
impl HandshakeRefusal {
    /// A key that no test has.
    #[cfg(feature = "admin")]
    pub(super) fn unknown_test(key: &str) -> Self {
        Self::of_test(
            "unknown_mock_scenario",
            format!(
                "No test has the key '{key}', by X-Mock-Scenario or mock_scenario. PUT \
                 /_mock/scenarios/{key} with a scenario makes it; it may have been deleted, or \
                 unused for so long that another took its place."
            ),
        )
    }

    /// A key at a server that has no tests.
    pub(super) fn no_tests(key: &str) -> Self {
        Self::of_test(
            "mock_admin_is_off",
            format!(
                "The key '{key}' of a test, by X-Mock-Scenario or mock_scenario, is of no use: \
                 this server has no admin API."
            ),
        )
    }

    /// Two keys where a session belongs to one test.
    pub(super) fn two_tests(one: &(&str, String), other: &(&str, String)) -> Self {
        let ((place, key), (other_place, other_key)) = (one, other);
        Self::of_test(
            "two_mock_scenarios",
            format!(
                "A session belongs to one test, but {place} is '{key}' and {other_place} is \
                 '{other_key}'."
            ),
        )
    }

    fn of_test(code: &'static str, message: String) -> Self {
        Self::not_possible(Refusal::new(code, message))
    }
}

impl From<Denied> for HandshakeRefusal {
    fn from(denied: Denied) -> Self {
        let close = NOT_ADMITTED;
        let refusal = not_admitted(&denied);
        Self { refusal, close }
    }
}

fn not_admitted(denied: &Denied) -> Refusal {
    match denied {
        Denied::NoKey => Refusal::without_code("Missing bearer or basic authentication in header"),
        Denied::WrongKey(key) => Refusal::new(
            "invalid_api_key",
            format!(
                "Incorrect API key provided: {}. You can find your API key at \
                 https://platform.openai.com/account/api-keys.",
                masked(key)
            ),
        ),
    }
}

/// A key as errors show it: its first eight characters and its last four. *Inferred* is that a
/// key of twelve or fewer is shown whole.
fn masked(key: &str) -> String {
    let length = key.chars().count();
    let mask = |(at, character)| match at {
        8.. if at + 4 < length => '*',
        _ => character,
    };
    key.chars().enumerate().map(mask).collect()
}

/// The headers of a client that has asked for too much.
const RATE_LIMITED: [(&str, &str); 4] = [
    ("retry-after", "1"),
    ("x-ratelimit-limit-requests", "100"),
    ("x-ratelimit-remaining-requests", "0"),
    ("x-ratelimit-reset-requests", "1s"),
];

/// An HTTP error.
#[derive(Debug)]
pub(super) struct HttpRefusal(Box<Response<String>>);

impl HttpRefusal {
    /// An error in OpenAI's form.
    fn new(status: StatusCode, refusal: Refusal) -> Self {
        let details = refusal.into_details();
        let error = json!({
            "message": details.message,
            "type": details.type_,
            "code": details.code.value(),
            "param": details.param.value(),
        });
        Self::of(status, &error)
    }

    fn of(status: StatusCode, error: &Value) -> Self {
        let mut response = Response::new(json!({ "error": error }).to_string());
        *response.status_mut() = status;
        Self(Box::new(response)).with(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    fn plain(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, Refusal::without_code(message))
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }

    /// A body that is no good.
    pub(super) fn bad_request(refusal: Refusal) -> Self {
        Self::new(StatusCode::BAD_REQUEST, refusal)
    }

    /// A body that is no JSON object. The end of the text is ours.
    pub(super) fn not_json(what: &str) -> Self {
        let message = format!("We could not parse the JSON body of your request: {what}.");
        Self::plain(StatusCode::BAD_REQUEST, message)
    }

    /// A body that breaks off.
    pub(super) fn broken_body() -> Self {
        Self::plain(
            StatusCode::BAD_REQUEST,
            "The body of your request broke off.",
        )
    }

    /// A body that is too long. *Inferred*.
    pub(super) fn body_too_long(limit: usize) -> Self {
        let message = format!("The body of your request has more than {limit} bytes.");
        Self::plain(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// A body that does not come. *Inferred*.
    pub(super) fn body_too_late() -> Self {
        let message = "The body of your request did not come in time.";
        Self::plain(StatusCode::REQUEST_TIMEOUT, message)
    }

    /// What only the beta dialect has, where it is not spoken. *Inferred* from what is said on a
    /// WebSocket.
    pub(super) fn beta_is_off() -> Self {
        Self::bad_request(HandshakeRefusal::beta_is_off().refusal)
    }

    /// Settings that are too long for a key that holds them: a limit of the mock, whose keys hold
    /// what the service remembers.
    pub(super) fn settings_too_long() -> Self {
        let message = "The session is too large for an ephemeral key of mock-realtime, which \
                       holds it: shorten instructions or tools, or send them by session.update.";
        Self::bad_request(Refusal::new("invalid_value", message))
    }

    /// A reply that cannot be written, which should not be.
    pub(super) fn unwritten(error: &serde_json::Error) -> Self {
        let message = format!("The server had an error while processing your request: {error}.");
        Self::plain(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// A request that is of no test, or of none that there is.
    pub(super) fn of_no_test(refused: HandshakeRefusal) -> Self {
        Self::new(StatusCode::NOT_FOUND, refused.refusal)
    }

    /// A path where nothing is.
    pub(super) fn unknown_path(method: &Method, path: &str) -> Self {
        Self::plain(
            StatusCode::NOT_FOUND,
            format!("Invalid URL ({method} {path})"),
        )
    }

    /// A method that the path does not have.
    pub(super) fn wrong_method(method: &Method, path: &str, allowed: &Method) -> Self {
        let message = format!(
            "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP \
             method?)"
        );
        let refusal = Refusal::new("method_not_supported", message);
        let allowed = HeaderValue::from_str(allowed.as_str());
        let allowed = allowed.unwrap_or(HeaderValue::from_static("GET, POST"));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, refusal).with(ALLOW, allowed)
    }

    /// A model that is not there.
    pub(super) fn unknown_model(model: &str) -> Self {
        let message = format!("The model '{model}' does not exist");
        Self::new(
            StatusCode::NOT_FOUND,
            Refusal::new("model_not_found", message).at("model"),
        )
    }

    /// A request for a WebSocket that is not in order. *Inferred*; the statuses are those of
    /// RFC 6455 (section 4.2.2) and RFC 9110 (section 15.5.22).
    pub(super) fn no_upgrade(error: &Error) -> Self {
        let message = format!("Expected a WebSocket upgrade: {error}.");
        let upgrade_required = |name, value| {
            Self::plain(StatusCode::UPGRADE_REQUIRED, message.as_str())
                .with(name, HeaderValue::from_static(value))
        };
        match error {
            Error::Protocol(ProtocolError::MissingSecWebSocketVersionHeader) => {
                upgrade_required(SEC_WEBSOCKET_VERSION, "13")
            }
            Error::Protocol(
                ProtocolError::MissingConnectionUpgradeHeader
                | ProtocolError::MissingUpgradeWebSocketHeader,
            ) => upgrade_required(UPGRADE, "websocket"),
            _ => Self::plain(StatusCode::BAD_REQUEST, message.as_str()),
        }
    }

    /// What a fault asks for. That the service says so at its handshake is *inferred*: it was seen to
    /// let everybody in and to say it then.
    pub(super) fn asked_for(fault: &RefuseHandshake) -> Self {
        let number = u16::from(fault.status);
        let status = StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = match number {
            401 => Refusal::new("invalid_api_key", "Incorrect API key provided."),
            429 => Refusal::rate_limit_exceeded(),
            500.. => Refusal::server_error(),
            _ => Refusal::without_code("This handshake is refused, as the test asked for."),
        };
        let mut response = Self::new(status, refusal);
        if number == 429 {
            for (name, value) in RATE_LIMITED {
                let name = HeaderName::from_static(name);
                response = response.with(name, HeaderValue::from_static(value));
            }
        }
        for (name, value) in fault.headers.iter() {
            response = response.with(name, value);
        }
        response
    }

    /// No key that is accepted.
    pub(super) fn not_admitted(denied: &Denied, provider: Provider) -> Self {
        match provider {
            Provider::OpenAi => Self::new(StatusCode::UNAUTHORIZED, not_admitted(denied)),
            Provider::Azure => Self::not_admitted_by_azure(),
        }
    }

    /// The text is *inferred*.
    fn not_admitted_by_azure() -> Self {
        let error = json!({
            "code": "401",
            "message": "Access denied due to invalid subscription key or wrong API endpoint. Make \
                        sure to provide a valid key for an active subscription and use a correct \
                        regional API endpoint for your resource.",
        });
        Self::of(StatusCode::UNAUTHORIZED, &error)
    }

    /// What it says, for those who keep a record.
    #[cfg(feature = "calls")]
    pub(super) fn message(&self) -> String {
        let body: Value = serde_json::from_str(self.0.body()).unwrap_or_default();
        let message = body["error"]["message"].as_str();
        message.unwrap_or_default().to_owned()
    }

    pub(super) fn into_response(self) -> Response<String> {
        *self.0
    }
}

#[cfg(feature = "calls")]
impl HttpRefusal {
    /// A call without a model.
    pub(super) fn no_model() -> Self {
        Self::bad_request(HandshakeRefusal::no_model().refusal)
    }

    /// A key for something that is not held in a call. *Inferred*.
    pub(super) fn not_a_call() -> Self {
        Self::bad_request(HandshakeRefusal::key_of_another_session().refusal)
    }

    /// An offer that is no good. *Inferred*.
    pub(super) fn bad_offer(bad: &BadOffer) -> Self {
        let message = format!("Invalid 'sdp': could not parse the SDP offer: {bad}.");
        Self::bad_request(Refusal::new("invalid_offer", message).at("sdp"))
    }

    /// An offer that is not UTF-8. *Inferred*.
    pub(super) fn offer_is_no_text() -> Self {
        let message = "Invalid 'sdp': expected an SDP offer in UTF-8.";
        Self::bad_request(Refusal::new("invalid_offer", message).at("sdp"))
    }

    /// A body that has no offer, by its type. *Inferred*.
    pub(super) fn no_offer(content_type: &str) -> Self {
        let message = format!(
            "Unsupported content type: '{content_type}'. Supported content types are: \
             'application/sdp' and 'multipart/form-data'."
        );
        Self::bad_request(Refusal::new("unsupported_content_type", message))
    }

    /// A form that cannot be read. *Inferred*.
    pub(super) fn bad_form(what: &str) -> Self {
        let message = format!("We could not parse the multipart form of your request: {what}.");
        Self::plain(StatusCode::BAD_REQUEST, message)
    }

    /// A call that there is not, or not any more. *Inferred*.
    pub(super) fn no_call(id: &str) -> Self {
        let message = format!("No call found with id '{id}'.");
        let refusal = Refusal::new("call_id_not_found", message).at("call_id");
        Self::new(StatusCode::NOT_FOUND, refusal)
    }

    /// A call that is not so far, or too far, for what it is asked. *Inferred*.
    pub(super) fn call_cannot(reason: CannotDo, id: &str) -> Self {
        let (code, message) = match reason {
            CannotDo::Over => return Self::no_call(id),
            CannotDo::NotAccepted => (
                "call_not_accepted",
                format!("Call '{id}' has not been accepted yet."),
            ),
            CannotDo::AlreadyAccepted => (
                "call_already_accepted",
                format!("Call '{id}' has already been accepted."),
            ),
            CannotDo::NotSip => ("call_not_sip", format!("Call '{id}' is not a SIP call.")),
        };
        Self::bad_request(Refusal::new(code, message).at("call_id"))
    }

    /// A status that tells no caller that the call is declined. *Inferred*.
    pub(super) fn no_sip_error(status: i64) -> Self {
        let message = format!(
            "Invalid 'status_code': expected a SIP status from 300 to 699, but got {status}."
        );
        Self::bad_request(Refusal::new("invalid_value", message).at("status_code"))
    }

    /// An address that nobody can be handed on to. *Inferred*.
    pub(super) fn no_target(uri: &str) -> Self {
        let message = format!(
            "Invalid 'target_uri': expected a URI with 'tel:' or 'sip:', such as \
             'tel:+14155550123', but got '{uri}'."
        );
        Self::bad_request(Refusal::new("invalid_value", message).at("target_uri"))
    }
}

#[cfg(feature = "calls")]
impl From<Response<String>> for HttpRefusal {
    fn from(response: Response<String>) -> Self {
        Self(Box::new(response))
    }
}

/// A call that is not there: observed with an empty body, and without the 101 that comes before
/// other refusals.
pub(super) fn unknown_call() -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_key_is_masked_but_for_its_ends() {
        assert_eq!(
            masked("sk-proj-0123456789abcdef"),
            "sk-proj-************cdef"
        );
        assert_eq!(masked("sk-proj-012345"), "sk-proj-**2345");
        assert_eq!(masked("sk-proj-1234"), "sk-proj-1234");
        assert_eq!(masked("mock"), "mock");
        assert_eq!(masked("ключ-ключ-ключ"), "ключ-клю**ключ");
    }
}
