//! What is asked for without a WebSocket: models and ephemeral keys.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::auth;
use super::client_secrets;
use super::models;
use super::realm::test_of;
use super::refusals::HttpRefusal;
use super::routes::{Provider, Resource};
use super::secrets::SessionGrant;
use super::subprotocols::Subprotocols;
use super::{Limits, Shared};
use crate::dialect::beta::{session_config, transcription_session_config};
use crate::dialect::{Asked, BetaRefused};
use crate::protocol::beta::{SessionConfig, TranscriptionSessionConfig};
use crate::protocol::{DecodeReason, Shaped, decode_body};

/// How long the body of a request may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// When the service is said to have made its models, in Unix seconds: one day for all of them.
const MODELS_MADE: u64 = 1_756_339_200;

/// Answers a request, as what it asks for or an error in OpenAI's form.
pub(super) async fn answer(
    request: Request<Incoming>,
    provider: Provider,
    resource: Resource<'_>,
    shared: &Shared,
) -> Response<String> {
    match respond(request, provider, resource, shared).await {
        Ok(body) => {
            let mut response = Response::new(body);
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn respond(
    request: Request<Incoming>,
    provider: Provider,
    resource: Resource<'_>,
    shared: &Shared,
) -> Result<String, HttpRefusal> {
    let offered = Subprotocols::default();
    let query = request.uri().query().unwrap_or_default();
    let key = auth::key(request.headers(), offered, query, provider);
    let admitted = shared.gate.admit(key, shared.now());
    let granted = admitted.map_err(|denied| HttpRefusal::not_admitted(&denied, provider))?;
    let test = test_of(request.headers(), query, granted.as_ref());
    let test = test.map_err(HttpRefusal::of_no_test)?;
    let realm = shared.realm(test.as_deref());
    realm.map_err(HttpRefusal::of_no_test)?;
    let limits = &shared.options.limits;
    match resource {
        Resource::ClientSecrets => {
            let request = read(request, limits).await?;
            written(&client_secrets::for_session(request, test, shared)?)
        }
        Resource::TranslationClientSecrets => {
            let request = read(request, limits).await?;
            written(&client_secrets::for_translation(request, test, shared)?)
        }
        Resource::BetaSessions => {
            beta_is_spoken(provider, shared)?;
            let session: SessionConfig = read(request, limits).await?;
            let grant = SessionGrant {
                temperature: session.temperature,
                settings: Some(session_config(session)),
            };
            written(&client_secrets::for_beta(grant, test, shared)?)
        }
        Resource::BetaTranscriptionSessions => {
            beta_is_spoken(provider, shared)?;
            let session: TranscriptionSessionConfig = read(request, limits).await?;
            let grant = SessionGrant::new(Some(transcription_session_config(session)));
            written(&client_secrets::for_beta(grant, test, shared)?)
        }
        Resource::Models => Ok(all_models(shared)),
        Resource::Model(name) => one_model(name, shared),
    }
}

/// Whether a client may ask for what only the beta has.
fn beta_is_spoken(provider: Provider, shared: &Shared) -> Result<(), HttpRefusal> {
    let asked = Asked {
        beta: true,
        azure: provider == Provider::Azure,
    };
    let dialect = shared.options.dialect.of(asked);
    dialect.map_or_else(|BetaRefused| Err(HttpRefusal::beta_is_off()), |_| Ok(()))
}

/// Reads a body of JSON.
async fn read<T: Shaped + DeserializeOwned>(
    request: Request<Incoming>,
    limits: &Limits,
) -> Result<T, HttpRefusal> {
    decoded(&body(request, limits).await?)
}

/// Reads a body, whatever it is.
pub(super) async fn body(
    request: Request<Incoming>,
    limits: &Limits,
) -> Result<Bytes, HttpRefusal> {
    let body = Limited::new(request.into_body(), limits.body).collect();
    match tokio::time::timeout(BODY_WITHIN, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(HttpRefusal::body_too_long(limits.body))
        }
        Ok(Err(_)) => Err(HttpRefusal::broken_body()),
        Err(_) => Err(HttpRefusal::body_too_late()),
    }
}

/// What a body of JSON says.
pub(super) fn decoded<T: Shaped + DeserializeOwned>(body: &[u8]) -> Result<T, HttpRefusal> {
    decode_body(body).map_err(|error| match &error.reason {
        DecodeReason::NotJson {
            message,
            line,
            column,
        } => HttpRefusal::not_json(&format!("{message} (line {line}, column {column})")),
        DecodeReason::NotAnObject { found } => {
            HttpRefusal::not_json(&format!("expected an object, but got {found}"))
        }
        _ => HttpRefusal::bad_request(error.into()),
    })
}

fn written(reply: &impl Serialize) -> Result<String, HttpRefusal> {
    serde_json::to_string(reply).map_err(|error| HttpRefusal::unwritten(&error))
}

/// The models that are accepted; without such a list, those that are known.
fn names(shared: &Shared) -> Vec<&str> {
    let accepted = &shared.options.models;
    if accepted.is_empty() {
        return models::known().collect();
    }
    accepted.iter().map(String::as_str).collect()
}

fn all_models(shared: &Shared) -> String {
    let data: Vec<Value> = names(shared).into_iter().map(model).collect();
    json!({ "object": "list", "data": data }).to_string()
}

fn one_model(name: &str, shared: &Shared) -> Result<String, HttpRefusal> {
    if names(shared).contains(&name) {
        return Ok(model(name).to_string());
    }
    Err(HttpRefusal::unknown_model(name))
}

fn model(name: &str) -> Value {
    json!({ "id": name, "object": "model", "created": MODELS_MADE, "owned_by": "system" })
}
