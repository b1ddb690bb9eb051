//! Twilio's requests over HTTP: forms, signed.

use std::fmt;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;

use super::signature::{HEADER, signature};

/// How long Twilio waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The longest answer that is read: Twilio's limit of TwiML.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The fields of a form, in order.
pub(super) type Fields = Vec<(&'static str, String)>;

/// Why a form was not answered.
#[derive(Debug)]
#[non_exhaustive]
pub enum FormError {
    /// The URL is none that a form can be sent to.
    Url(String),
    /// The server was not reached, broke off, or does not speak HTTP.
    Unreachable(String),
    /// The server took too long.
    TimedOut,
    /// The server refused.
    Status(StatusCode),
    /// The answer is longer than 64 KiB, or no text.
    Answer(String),
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "{url:?} is no URL with http or https"),
            Self::Unreachable(why) => write!(f, "the server cannot be reached: {why}"),
            Self::TimedOut => write!(f, "the server did not answer within {PATIENCE:?}"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::Answer(what) => write!(f, "the answer {what}"),
        }
    }
}

impl std::error::Error for FormError {}

/// Sends a form as Twilio does, and gives the answer's text.
pub(super) async fn send(
    method: Method,
    url: &str,
    fields: &Fields,
    token: Option<&str>,
) -> Result<String, FormError> {
    let sending = deliver(method, url, fields, token);
    tokio::time::timeout(PATIENCE, sending)
        .await
        .unwrap_or(Err(FormError::TimedOut))
}

async fn deliver(
    method: Method,
    url: &str,
    fields: &Fields,
    token: Option<&str>,
) -> Result<String, FormError> {
    let bad = || FormError::Url(url.to_owned());
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    // By GET the fields are part of the URL, which alone is signed then.
    let (url, body, signed) = if method == Method::GET {
        let mark = if url.contains('?') { '&' } else { '?' };
        (format!("{url}{mark}{form}"), String::new(), &Fields::new())
    } else {
        (url.to_owned(), form, fields)
    };
    let uri: Uri = url.parse().map_err(|_| bad())?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(bad());
    }
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header(USER_AGENT, "TwilioProxy/1.1")
        .header(ACCEPT, "*/*")
        .header(
            CONTENT_TYPE,
            "application/x-www-form-urlencoded; charset=UTF-8",
        );
    if let Some(token) = token {
        let fields = signed.iter().map(|(name, value)| (*name, value.as_str()));
        request = request.header(HEADER, signature(token, &url, fields));
    }
    let request = request.body(Full::new(Bytes::from(body)));
    exchange(request.map_err(|_| bad())?).await
}

async fn exchange(request: Request<Full<Bytes>>) -> Result<String, FormError> {
    let https = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(ring::default_provider())
        .map_err(|error| unreachable(&error))?
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(https);
    let response = client.request(request).await;
    let response = response.map_err(|error| unreachable(&error))?;
    let status = response.status();
    if !status.is_success() {
        return Err(FormError::Status(status));
    }
    let body = Limited::new(response.into_body(), LONGEST_ANSWER);
    let body = body.collect().await;
    let body = body.map_err(|error| FormError::Answer(format!("cannot be read: {error}")))?;
    String::from_utf8(body.to_bytes().to_vec())
        .map_err(|_| FormError::Answer("is not UTF-8".to_owned()))
}

/// An error with all that caused it.
fn unreachable(error: &dyn std::error::Error) -> FormError {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        why = format!("{why}: {error}");
        cause = error.source();
    }
    FormError::Unreachable(why)
}
