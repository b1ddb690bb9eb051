//! What is asked for without a WebSocket: models and ephemeral keys.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::auth;
use super::models::{self, DEFAULT_MODEL, Purpose};
use super::refusals::{HandshakeRefusal, HttpRefusal};
use super::routes::{Provider, Resource};
use super::secrets::Grant;
use super::subprotocols::Subprotocols;
use super::{Limits, Shared};
use crate::engine::{Ids, SessionKind, TranslationOptions, TranslationSession, initial_settings};
use crate::protocol::realtime::{
    ClientSecretCreateRequest, ClientSecretCreateResponse, ClientSecretExpiry, RealtimeModel,
    SessionConfig, TranslationClientSecretCreateRequest, TranslationClientSecretCreateResponse,
};
use crate::protocol::{DecodeReason, Shaped, decode_body};

/// How long the body of a request may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// The `expires_at` of a session that is none yet.
const NO_END: i64 = 0;

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
    if let Err(denied) = shared.gate.admit(key, shared.now()) {
        return Err(HttpRefusal::not_admitted(&denied, provider));
    }
    let limits = &shared.options.limits;
    match resource {
        Resource::ClientSecrets => written(&client_secret(read(request, limits).await?, shared)?),
        Resource::TranslationClientSecrets => written(&translation_client_secret(
            read(request, limits).await?,
            shared,
        )?),
        Resource::BetaClientSecrets => Err(HttpRefusal::beta_is_off()),
        Resource::Models => Ok(all_models(shared)),
        Resource::Model(name) => one_model(name, shared),
    }
}

/// Reads a body.
async fn read<T: Shaped + DeserializeOwned>(
    request: Request<Incoming>,
    limits: &Limits,
) -> Result<T, HttpRefusal> {
    let body = Limited::new(request.into_body(), limits.body).collect();
    let body = match tokio::time::timeout(BODY_WITHIN, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Err(HttpRefusal::body_too_long(limits.body));
        }
        Ok(Err(_)) => return Err(HttpRefusal::broken_body()),
        Err(_) => return Err(HttpRefusal::body_too_late()),
    };
    decode_body(&body).map_err(|error| match &error.reason {
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

fn client_secret(
    request: ClientSecretCreateRequest,
    shared: &Shared,
) -> Result<ClientSecretCreateResponse, HttpRefusal> {
    let (kind, model) = match &request.session {
        Some(SessionConfig::Transcription(_)) => (SessionKind::Transcription, None),
        Some(SessionConfig::Realtime(session)) => (SessionKind::Realtime, session.model.as_ref()),
        None => (SessionKind::Realtime, None),
    };
    let model = model.map_or(DEFAULT_MODEL, RealtimeModel::as_str);
    if Purpose::of(model) == Some(Purpose::Transcription) {
        let refusal = HandshakeRefusal::for_transcription_only(model).refusal;
        return Err(HttpRefusal::bad_request(refusal.at("session.model")));
    }
    let secret = shared.next_secret(request.expires_after.as_ref());
    let id = Ids::new(secret.seed, secret.created_at).session();
    let session = initial_settings(kind, id, model, NO_END, request.session.clone());
    let session = session.map_err(HttpRefusal::bad_request)?;
    let value = key(&Grant::Session(request.session), &secret, shared)?;
    let expires_at = i64::try_from(secret.expires_at).unwrap_or(i64::MAX);
    Ok(ClientSecretCreateResponse::new(value, expires_at, session))
}

fn translation_client_secret(
    request: TranslationClientSecretCreateRequest,
    shared: &Shared,
) -> Result<TranslationClientSecretCreateResponse, HttpRefusal> {
    let secret = shared.next_secret(request.expires_after.as_ref());
    let session = TranslationSession::new(TranslationOptions {
        model: request.session.model.clone(),
        settings: request.session.audio.clone(),
        seed: secret.seed,
        started_at: secret.created_at,
        ..TranslationOptions::default()
    });
    let mut session = session.settings().clone();
    session.expires_at = NO_END;
    let value = key(&Grant::Translation(request.session), &secret, shared)?;
    let expires_at = i64::try_from(secret.expires_at).unwrap_or(i64::MAX);
    Ok(TranslationClientSecretCreateResponse::new(
        value, expires_at, session,
    ))
}

fn key(grant: &Grant, secret: &NextSecret, shared: &Shared) -> Result<String, HttpRefusal> {
    let secrets = shared.gate.secrets();
    let key = secrets.key(grant, secret.expires_at, secret.number);
    key.ok_or_else(HttpRefusal::settings_too_long)
}

/// An ephemeral key that is to be made.
#[derive(Clone, Copy, Debug)]
struct NextSecret {
    number: u32,
    /// For the id of the session that the reply shows.
    seed: u64,
    created_at: u64,
    expires_at: u64,
}

impl Shared {
    fn next_secret(&self, expiry: Option<&ClientSecretExpiry>) -> NextSecret {
        let number = self.secrets.fetch_add(1, Ordering::Relaxed);
        let created_at = self.now();
        let seconds = expiry.and_then(|expiry| expiry.seconds);
        let seconds = seconds.unwrap_or(ClientSecretExpiry::DEFAULT_SECONDS.unsigned_abs());
        NextSecret {
            number,
            // Sessions count up from the seed, keys down.
            seed: self.options.seed.wrapping_sub(u64::from(number) + 1),
            created_at,
            expires_at: created_at.saturating_add(seconds),
        }
    }
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
