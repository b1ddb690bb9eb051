//! Makes ephemeral keys, as a request asks for them: in the shape of GA or of the beta.

use std::sync::atomic::Ordering;

use serde::Serialize;

use super::Shared;
use super::models::Purpose;
use super::refusals::{
    BETA_TRANSCRIPTION_MODEL, HandshakeRefusal, HttpRefusal, TRANSCRIPTION_MODEL,
};
use super::secrets::{Grant, Granted, SessionGrant};
use crate::dialect::beta::{session_object, transcription_session_object};
use crate::engine::{Ids, TranslationOptions, TranslationSession, initial_settings};
use crate::protocol::Patch;
use crate::protocol::beta::{
    self, ClientSecret as BetaSecret, TranscriptionSession as BetaTranscriptionSession,
};
use crate::protocol::realtime::{
    ClientSecretCreateRequest, ClientSecretCreateResponse, ClientSecretExpiry, Session, Tool,
    TranslationClientSecretCreateRequest, TranslationClientSecretCreateResponse,
};

/// The `expires_at` of a session that is none yet.
const NO_END: i64 = 0;

/// How long a key of the beta is good. Its clients cannot ask for another time.
const BETA_SECONDS: u64 = 60;

/// A key for a conversation or a transcription.
pub(super) fn for_session(
    request: ClientSecretCreateRequest,
    test: Option<String>,
    shared: &Shared,
) -> Result<ClientSecretCreateResponse, HttpRefusal> {
    let grant = SessionGrant::new(request.session);
    if is_for_transcription_only(&grant) {
        let refusal = HandshakeRefusal::for_transcription_only(grant.model(), TRANSCRIPTION_MODEL);
        return Err(HttpRefusal::bad_request(
            refusal.refusal.at("session.model"),
        ));
    }
    let mut made = Made::of(
        grant,
        test,
        lifetime(request.expires_after.as_ref()),
        shared,
    )?;
    describe_functions(&mut made.session);
    Ok(ClientSecretCreateResponse::new(
        made.key,
        made.expires_at,
        made.session,
    ))
}

/// Recorded: a function of which the client said nothing is shown with no description, which the
/// session itself then leaves out.
fn describe_functions(session: &mut Session) {
    let Session::Realtime(session) = session else {
        return;
    };
    for tool in session.tools.iter_mut().flatten() {
        if let Tool::Function(function) = tool
            && function.description.is_absent()
        {
            function.description = Patch::Null;
        }
    }
}

/// A key for a translation.
pub(super) fn for_translation(
    request: TranslationClientSecretCreateRequest,
    test: Option<String>,
    shared: &Shared,
) -> Result<TranslationClientSecretCreateResponse, HttpRefusal> {
    let secret = shared.next_secret(lifetime(request.expires_after.as_ref()));
    let session = TranslationSession::new(TranslationOptions {
        model: request.session.model.clone(),
        settings: request.session.audio.clone(),
        seed: secret.seed,
        started_at: secret.created_at,
        ..TranslationOptions::default()
    });
    let mut session = session.settings().clone();
    session.expires_at = NO_END;
    let grant = Grant::Translation(request.session);
    let key = key(&Granted { grant, test }, &secret, shared)?;
    Ok(TranslationClientSecretCreateResponse::new(
        key,
        secret.expires_at(),
        session,
    ))
}

/// What the beta answers: the flat session with the key in it.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum BetaReply {
    Conversation(Box<beta::Session>),
    Transcription(Box<BetaTranscriptionSession>),
}

/// A key for a conversation or a transcription, as it was made in the beta.
pub(super) fn for_beta(
    grant: SessionGrant,
    test: Option<String>,
    shared: &Shared,
) -> Result<BetaReply, HttpRefusal> {
    if is_for_transcription_only(&grant) {
        let model = grant.model();
        let refusal = HandshakeRefusal::for_transcription_only(model, BETA_TRANSCRIPTION_MODEL);
        return Err(HttpRefusal::bad_request(refusal.refusal.at("model")));
    }
    let temperature = grant.temperature;
    let made = Made::of(grant, test, BETA_SECONDS, shared)?;
    let client_secret = Patch::Value(BetaSecret::new(made.key, made.expires_at));
    Ok(match made.session {
        Session::Realtime(session) => {
            let mut session = session_object(*session, temperature);
            session.client_secret = client_secret;
            BetaReply::Conversation(Box::new(session))
        }
        Session::Transcription(session) => {
            let mut session = transcription_session_object(*session);
            session.client_secret = client_secret;
            BetaReply::Transcription(Box::new(session))
        }
    })
}

/// Whether the model of a conversation holds none.
fn is_for_transcription_only(grant: &SessionGrant) -> bool {
    Purpose::of(grant.model()) == Some(Purpose::Transcription)
}

/// A key, and the session that it would open.
struct Made {
    key: String,
    expires_at: i64,
    session: Session,
}

impl Made {
    fn of(
        grant: SessionGrant,
        test: Option<String>,
        seconds: u64,
        shared: &Shared,
    ) -> Result<Self, HttpRefusal> {
        let secret = shared.next_secret(seconds);
        let id = Ids::new(secret.seed, secret.created_at).session();
        let (kind, model) = (grant.kind(), grant.model());
        let session = initial_settings(kind, id, model, NO_END, grant.settings.clone());
        let session = session.map_err(HttpRefusal::bad_request)?;
        let grant = Grant::Session(grant);
        Ok(Self {
            key: key(&Granted { grant, test }, &secret, shared)?,
            expires_at: secret.expires_at(),
            session,
        })
    }
}

fn key(granted: &Granted, secret: &NextSecret, shared: &Shared) -> Result<String, HttpRefusal> {
    let secrets = shared.gate.secrets();
    let key = secrets.key(granted, secret.expires_at, secret.number);
    key.ok_or_else(HttpRefusal::settings_too_long)
}

/// How many seconds a key is good.
fn lifetime(expiry: Option<&ClientSecretExpiry>) -> u64 {
    let seconds = expiry.and_then(|expiry| expiry.seconds);
    seconds.unwrap_or(ClientSecretExpiry::DEFAULT_SECONDS.unsigned_abs())
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

impl NextSecret {
    /// As replies have it.
    fn expires_at(&self) -> i64 {
        i64::try_from(self.expires_at).unwrap_or(i64::MAX)
    }
}

impl Shared {
    fn next_secret(&self, seconds: u64) -> NextSecret {
        let number = self.secrets.fetch_add(1, Ordering::Relaxed);
        let created_at = self.now();
        NextSecret {
            number,
            // Sessions count up from the seed, keys down.
            seed: self.options.seed.wrapping_sub(u64::from(number) + 1),
            created_at,
            expires_at: created_at.saturating_add(seconds),
        }
    }
}
