//! What the admin API answers where it does not do what it is asked.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Response, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::expect::Impossible;
use crate::scenario::Problems;

/// The body of an error.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ErrorBody {
    /// What is wrong.
    error: ErrorDetails,
}

/// What is wrong with a request.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorDetails {
    /// The class of the error.
    #[serde(rename = "type")]
    kind: ErrorClass,
    /// What is wrong, for programs.
    code: &'static str,
    /// What is wrong and what to do about it, for people.
    message: String,
    /// Each thing that is wrong with the body, where that is what is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    problems: Vec<LocatedProblem>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ErrorClass {
    InvalidRequestError,
    ServerError,
}

/// Something wrong with a body, and where.
#[derive(Debug, Serialize, JsonSchema)]
struct LocatedProblem {
    /// What is wrong.
    message: String,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// The path from the root of the body; empty at the root.
    path: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

/// Why a request is not done.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    details: Box<ErrorDetails>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let kind = if status.is_server_error() {
            ErrorClass::ServerError
        } else {
            ErrorClass::InvalidRequestError
        };
        Self {
            status,
            details: Box::new(ErrorDetails {
                kind,
                code,
                message: message.into(),
                problems: Vec::new(),
            }),
            header: None,
        }
    }

    pub(super) fn with(self, name: HeaderName, value: HeaderValue) -> Self {
        Self {
            header: Some((name, value)),
            ..self
        }
    }

    fn of_problems(code: &'static str, problems: Vec<LocatedProblem>, message: String) -> Self {
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
        refusal.details.problems = problems;
        refusal
    }

    /// A server that answers no such requests.
    pub(super) fn off() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "admin_is_off",
            "This server has no admin API.",
        )
    }

    pub(super) fn unknown_path(path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_path",
            format!(
                "There is nothing at /_mock{path}. GET /_mock/openapi.json says what there is."
            ),
        )
    }

    pub(super) fn wrong_method(method: &Method, path: &str, allowed: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "wrong_method",
            format!("/_mock{path} cannot be asked for with {method}, but with {allowed}."),
        )
    }

    pub(super) fn wrong_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "wrong_token",
            "The admin API of this server needs its token, as `Authorization: Bearer TOKEN`.",
        )
        .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    pub(super) fn not_from_here(what: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not_local",
            format!(
                "Without a token the admin API answers programs on its own machine only, and {what}. \
                 Start the server with --admin-token or MOCK_REALTIME_ADMIN_TOKEN, and show the token \
                 as `Authorization: Bearer TOKEN`."
            ),
        )
    }

    pub(super) fn wrong_query(error: &impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "wrong_query",
            format!("The query of the address cannot be read: {error}."),
        )
    }

    pub(super) fn empty_in_query(name: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "wrong_query",
            format!(
                "The query of the address has `{name}` without a value; give it one or leave it out."
            ),
        )
    }

    pub(super) fn wrong_content_type(found: &str, accepted: &[&str]) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "wrong_content_type",
            format!(
                "The body is said to be `{found}`, but it has to be one of: {}.",
                accepted.join(", ")
            ),
        )
    }

    pub(super) fn body_too_long(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_long",
            format!("The body has more than {limit} bytes."),
        )
    }

    pub(super) fn body_too_late() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_late",
            "The body did not come in time.",
        )
    }

    pub(super) fn broken_body() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "broken_body",
            "The body broke off.",
        )
    }

    pub(super) fn not_utf8() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not_utf8",
            "The body is not UTF-8.",
        )
    }

    /// A body that was read, and is not what it should be.
    pub(super) fn wrong_body(problems: &Problems) -> Self {
        let located = problems.iter().map(|problem| {
            let (line, column) = problem.position();
            LocatedProblem {
                message: problem.message().to_owned(),
                help: problem.help_text().map(str::to_owned),
                path: problem.path(),
                line: Some(line),
                column: Some(column),
            }
        });
        Self::of_problems("wrong_body", located.collect(), problems.to_string())
    }

    /// One thing in the body that cannot be.
    pub(super) fn at(code: &'static str, path: impl Into<String>, message: String) -> Self {
        let path = path.into();
        let told = match path.as_str() {
            "" => message.clone(),
            path => format!("{path}: {message}"),
        };
        let problem = LocatedProblem {
            message,
            help: None,
            path,
            line: None,
            column: None,
        };
        Self::of_problems(code, vec![problem], told)
    }

    pub(super) fn impossible(impossible: Impossible) -> Self {
        Self::at("impossible", impossible.path, impossible.message)
    }

    pub(super) fn wrong_key() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong_key",
            "A key has 1 to 200 characters that can be seen and are ASCII, since it goes into a header.",
        )
    }

    pub(super) fn unknown_key(key: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_key",
            format!(
                "There is no key `{key}`. PUT /_mock/scenarios/{key} with a scenario makes it; it may \
                 have been deleted, or unused for so long that another took its place."
            ),
        )
    }

    pub(super) fn key_in_use(key: &str, seconds: f64, sessions: usize) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "key_in_use",
            format!(
                "The key `{key}` is in use by another test, which made it {seconds:.1} s ago and has had \
                 {sessions} sessions. Take a key of your own for each test, DELETE this one, or say \
                 ?replace=true to end what it has."
            ),
        )
    }

    pub(super) fn too_many_keys(limit: usize) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_keys",
            format!(
                "There are {limit} keys, and all are in use. DELETE those of tests that are over."
            ),
        )
    }

    pub(super) fn too_many_waiting() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_waiting",
            "Too many requests wait already; try again later.",
        )
    }

    pub(super) fn not_recorded() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "not_recorded",
            "Sessions without a key are not recorded, to cost nothing. Give sessions a key of their own \
             by X-Mock-Scenario, PUT a scenario to this key, or start the server with --journal.",
        )
    }

    pub(super) fn unknown_session(number: &str, key: &str, opened: usize) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_session",
            format!(
                "There is no session {number} of the key `{key}`, which has had {opened}; they are \
                 counted from 0. A wait for its first event waits until it is opened."
            ),
        )
    }

    pub(super) fn session_over(number: usize) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "session_over",
            format!("Session {number} is over."),
        )
    }

    pub(super) fn too_long_to_hear(minutes: u64) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "too_long",
            format!("The session's sound goes on for more than {minutes} minutes."),
        )
    }

    /// Something that should not be.
    #[cfg(feature = "calls")]
    pub(super) fn unknown_call(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_call",
            format!(
                "There is no call `{id}`. GET /_mock/calls lists those there are; of those that are \
                 over, the last are remembered."
            ),
        )
    }

    #[cfg(feature = "calls")]
    pub(super) fn too_many_calls(limit: usize) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_calls",
            format!("There are {limit} calls that are not over; let some end."),
        )
    }

    pub(super) fn unwritten(error: &impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unwritten",
            format!("The answer could not be written: {error}."),
        )
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let body = ErrorBody {
            error: *self.details,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some((name, value)) = self.header {
            headers.insert(name, value);
        }
        response
    }
}
