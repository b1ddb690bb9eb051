//! A delegate is asked.

use std::sync::LazyLock;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Request, Response, body::Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;

use crate::scenario::model::DelegateConfig;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static("mock-realtime");

/// The longest reply, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// How much of a reply is shown that says what went wrong.
const SHOWN: usize = 200;

type Https = HttpsConnector<HttpConnector>;

/// One for all, so that certificates are read once. It keeps no connection: one is bound to the
/// runtime that has opened it, and tests have one each.
static CLIENT: LazyLock<Client<Https, Full<Bytes>>> = LazyLock::new(|| {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(ring::default_provider())
        .map(|builder| builder.https_or_http().enable_http1().build());
    let connector = connector
        .unwrap_or_else(|error| unreachable!("the provider has the default versions: {error}"));
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build(connector)
});

/// Asks a delegate; gives what it says, or what is wrong.
pub(super) async fn post(config: &DelegateConfig, body: String) -> Result<String, String> {
    let limit = config.timeout_ms.duration();
    match tokio::time::timeout(limit, exchange(config, body)).await {
        Ok(said) => said,
        Err(_) => Err(format!(
            "it has not answered within {} ms",
            limit.as_millis()
        )),
    }
}

async fn exchange(config: &DelegateConfig, body: String) -> Result<String, String> {
    let mut request = Request::post(config.url.as_str())
        .header(CONTENT_TYPE, JSON)
        .header(ACCEPT, JSON)
        .header(USER_AGENT, AGENT);
    for (name, value) in &config.headers {
        request = request.header(name.as_str(), value.as_str());
    }
    let request = request
        .body(Full::from(body))
        .map_err(|error| format!("it cannot be asked: {error}"))?;
    let response = CLIENT.request(request).await;
    let response = response.map_err(|error| format!("it cannot be reached: {}", chain(&error)))?;
    let status = response.status();
    if status.is_redirection() {
        let place = response.headers().get(LOCATION);
        let place = place.and_then(|place| place.to_str().ok()).unwrap_or("?");
        return Err(format!(
            "it answers {status}, to {place}; it is not followed"
        ));
    }
    let said = read(response).await?;
    if status.is_success() {
        return Ok(said);
    }
    let begin: String = said.chars().take(SHOWN).collect();
    Err(format!("it answers {status}: {begin}"))
}

async fn read(response: Response<Incoming>) -> Result<String, String> {
    let body = Limited::new(response.into_body(), LONGEST).collect().await;
    let body = body.map_err(|error| format!("its reply cannot be read: {}", chain(&*error)))?;
    String::from_utf8(body.to_bytes().into()).map_err(|_| "its reply is not UTF-8".to_owned())
}

/// An error with all its causes: the library's own says only that something went wrong.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}
