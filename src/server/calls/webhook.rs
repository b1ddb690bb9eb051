//! The webhook that announces a call: signed, delivered, and delivered again.
//!
//! Form and signature are those of the service, which follows the specification "Standard Webhooks".
//! That it tries again with growing pauses, takes only a status from 200 to 299 for success and does
//! not follow redirects is documented; the times are *inferred*: five seconds for an answer ("a few"),
//! a pause of one second that doubles with each attempt. The service goes on for 72 hours, which no
//! caller waits: here it goes on as long as the telephone rings.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};

use crate::protocol::realtime::{
    CallIncomingData, CallIncomingWebhook, CallIncomingWebhookObject, CallIncomingWebhookType,
};

/// How long the app may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long after the first attempt that failed the second is made.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What secrets begin with.
const SECRET_PREFIX: &str = "whsec_";

/// What the service says it is.
const AGENT: HeaderValue =
    HeaderValue::from_static("OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)");

type Answering = Pin<Box<dyn Future<Output = StatusCode> + Send>>;
type Handler = dyn Fn(Request<Bytes>) -> Answering + Send + Sync;

/// Where the announcement of a call goes, and what it is signed with.
///
/// ```
/// use mock_realtime::server::calls::Webhook;
///
/// let webhook = Webhook::new("http://127.0.0.1:8000/openai", "whsec_bW9jay1yZWFsdGltZQ==")?;
/// assert!(Webhook::new("somewhere", "whsec_bW9jay1yZWFsdGltZQ==").is_err());
/// # Ok::<(), mock_realtime::server::calls::BadWebhook>(())
/// ```
#[derive(Clone)]
pub struct Webhook {
    target: Target,
    signer: Arc<Signer>,
}

#[derive(Clone)]
enum Target {
    Url(Uri),
    InProcess(Arc<Handler>),
}

/// What is wrong with a webhook's address or secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadWebhook {
    /// The address is no URL with `http:` or `https:` and a host.
    Url {
        /// What was given.
        url: String,
    },
    /// The secret is not `whsec_` and base64.
    Secret {
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for BadWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { url } => write!(
                f,
                "'{url}' is no address of a webhook: expected http:// or https://, a host and a \
                 path, such as http://127.0.0.1:8000/webhook"
            ),
            Self::Secret { reason } => write!(
                f,
                "the secret of the webhook has to be {SECRET_PREFIX} and base64, such as \
                 {SECRET_PREFIX}bW9jay1yZWFsdGltZQ==: {reason}"
            ),
        }
    }
}

impl std::error::Error for BadWebhook {}

impl Webhook {
    /// A webhook that goes to this address, signed with a secret of the form `whsec_…`.
    ///
    /// # Errors
    ///
    /// What is wrong with either of them.
    pub fn new(url: &str, secret: &str) -> Result<Self, BadWebhook> {
        let bad = || BadWebhook::Url {
            url: url.to_owned(),
        };
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        if !is_http || uri.host().is_none_or(str::is_empty) {
            return Err(bad());
        }
        Ok(Self {
            target: Target::Url(uri),
            signer: signer(secret)?,
        })
    }

    /// A webhook that is given to a function and answered with an HTTP status, without a network: for
    /// tests on paused time, where tokio's time passes while bytes are on their way.
    ///
    /// # Errors
    ///
    /// What is wrong with the secret.
    pub fn handled_by<F, A>(secret: &str, handler: F) -> Result<Self, BadWebhook>
    where
        F: Fn(Request<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = StatusCode> + Send + 'static,
    {
        let handler = move |request| -> Answering { Box::pin(handler(request)) };
        Ok(Self {
            target: Target::InProcess(Arc::new(handler)),
            signer: signer(secret)?,
        })
    }

    /// Makes one attempt: the status that says it was taken, or what became of it. `at` is the time in
    /// Unix seconds.
    pub(super) async fn deliver(
        &self,
        id: &str,
        body: &str,
        at: i64,
    ) -> Result<StatusCode, String> {
        let request = self.request(id, body, at)?;
        let answered = async {
            match &self.target {
                Target::InProcess(handler) => taken(handler(request).await, None),
                Target::Url(_) => WebhookClient::new()?.post(request).await,
            }
        };
        match tokio::time::timeout(ANSWER_WITHIN, answered).await {
            Ok(answered) => answered,
            Err(_) => Err(format!(
                "no answer within {} s; answer first, and do the work after",
                ANSWER_WITHIN.as_secs()
            )),
        }
    }

    fn request(&self, id: &str, body: &str, at: i64) -> Result<Request<Bytes>, String> {
        let signature = self.signer.sign(id, at, body.as_bytes());
        let signature = signature.map_err(|error| error.to_string())?;
        let mut request = Request::new(Bytes::copy_from_slice(body.as_bytes()));
        *request.method_mut() = Method::POST;
        if let Target::Url(uri) = &self.target {
            *request.uri_mut() = uri.clone();
        }
        let json = HeaderValue::from_static("application/json");
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, json);
        headers.insert(USER_AGENT, AGENT);
        for (name, value) in [
            (HEADER_WEBHOOK_ID, id.to_owned()),
            (HEADER_WEBHOOK_TIMESTAMP, at.to_string()),
            (HEADER_WEBHOOK_SIGNATURE, signature),
        ] {
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }
}

impl fmt::Debug for Webhook {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.target {
            Target::Url(uri) => uri.to_string(),
            Target::InProcess(_) => "a function".to_owned(),
        };
        f.debug_tuple("Webhook").field(&target).finish()
    }
}

fn signer(secret: &str) -> Result<Arc<Signer>, BadWebhook> {
    let bad = |reason: String| BadWebhook::Secret { reason };
    if secret.strip_prefix(SECRET_PREFIX).is_none_or(str::is_empty) {
        return Err(bad(format!("it does not begin with {SECRET_PREFIX}")));
    }
    let signer = Signer::new(secret).map_err(|error| bad(error.to_string()))?;
    Ok(Arc::new(signer))
}

/// Whether an answer says that the webhook was taken.
fn taken(status: StatusCode, location: Option<&str>) -> Result<StatusCode, String> {
    if status.is_success() {
        return Ok(status);
    }
    Err(match location {
        Some(location) if status.is_redirection() => {
            format!("answered {status} to {location}; redirects are not followed")
        }
        _ => format!("answered {status}; expected a status from 200 to 299"),
    })
}

/// How long after attempt `number`, from 1, the next one is made.
pub(super) fn pause_after(number: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1_u32.checked_shl(number - 1).unwrap_or(u32::MAX))
}

/// The body of the announcement.
pub(super) fn body(id: &str, created_at: i64, call: CallIncomingData) -> String {
    let mut event = CallIncomingWebhook::new(
        created_at,
        id,
        call,
        CallIncomingWebhookType::RealtimeCallIncoming,
    );
    event.object = Some(CallIncomingWebhookObject::Event);
    // All of it is text and numbers.
    serde_json::to_string(&event).unwrap_or_default()
}

/// What speaks HTTP to apps.
struct WebhookClient(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl WebhookClient {
    /// One that trusts the authorities that browsers trust.
    fn new() -> Result<Self, String> {
        let builder = HttpsConnectorBuilder::new();
        let https = builder
            .with_provider_and_webpki_roots(ring::default_provider())
            .map_err(|error| because(&error))?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(https)))
    }
}

impl WebhookClient {
    async fn post(&self, request: Request<Bytes>) -> Result<StatusCode, String> {
        let answer = self.0.request(request.map(Full::new)).await;
        let answer = answer.map_err(|error| because(&error))?;
        let location = answer.headers().get(LOCATION);
        taken(answer.status(), location.and_then(|it| it.to_str().ok()))
    }
}

/// An error with all that caused it.
fn because(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_bW9jay1yZWFsdGltZQ==";

    #[test]
    fn pauses_double() {
        let pauses: Vec<u64> = (1..=5).map(|n| pause_after(n).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16]);
        assert!(pause_after(100) > Duration::from_secs(72 * 60 * 60));
    }

    #[test]
    fn what_is_no_address_or_secret_is_told() {
        for url in ["", "somewhere", "ftp://host/path", "http://", "/path"] {
            let error = Webhook::new(url, SECRET).unwrap_err();
            assert!(
                error.to_string().contains("http://127.0.0.1:8000/webhook"),
                "{error}"
            );
        }
        for secret in ["", "whsec_", "bW9jaw==", "whsec_not base64"] {
            let error = Webhook::new("http://host/path", secret).unwrap_err();
            assert!(error.to_string().contains("whsec_ and base64"), "{error}");
        }
    }

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of the specification "Standard Webhooks".
        let webhook =
            Webhook::new("http://host", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let request = webhook
            .request(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                r#"{"test": 2432232314}"#,
                1_614_265_330,
            )
            .unwrap();
        assert_eq!(
            request.headers()[HEADER_WEBHOOK_SIGNATURE],
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
