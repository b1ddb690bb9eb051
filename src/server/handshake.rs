//! From an HTTP request to a session.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use hyper::{Request, Response};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tracing::field::{Empty, display};
use tracing::{Instrument, Span};

use super::accept::Stream;
use super::admission::Place;
use super::auth::{self, Denied};
#[cfg(feature = "calls")]
use super::calls;
use super::dialect::asks_for_beta;
use super::models::Purpose;
use super::realm::{self, Realm};
use super::refusals::{HandshakeRefusal, HttpRefusal, TRANSCRIPTION_MODEL, unknown_call};
use super::routes::{Provider, Route, Socket};
use super::secrets::{Grant, SessionGrant};
use super::shutdown::Stopping;
use super::subprotocols::{REALTIME, Subprotocols};
use super::{Shared, connection};
use crate::dialect::{Asked, BetaRefused, Dialect};
use crate::engine::SessionKind;
use crate::mock::{Engine, MockSession};
use crate::protocol::SessionId;
use crate::protocol::realtime::{Session, TranslationAudio};

/// The intent of a client that wants a session that only transcribes.
const TRANSCRIPTION: &str = "transcription";

/// The intent that need not be said.
const CONVERSATION: &str = "conversation";

/// Answers a request for a WebSocket: with an upgrade that becomes a session, or that says why it
/// does not.
pub(super) async fn answer<S: Stream>(
    mut request: Request<Incoming>,
    route: &Route<'_>,
    socket: Socket,
    shared: &Arc<Shared>,
    stopping: &Stopping,
) -> Response<String> {
    let mut response = match create_response_with_body(&request, String::new) {
        Ok(response) => response,
        Err(error) => return HttpRefusal::no_upgrade(&error).into_response(),
    };
    let place = match shared.admission.admit(stopping.phase()) {
        Ok(place) => place,
        Err(reason) => return reason.into(),
    };
    let query = request.uri().query().unwrap_or_default();
    let offered = Subprotocols::offered(request.headers());
    if offered.realtime {
        let name = HeaderValue::from_static(REALTIME);
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
    }
    let asked = Asked {
        beta: asks_for_beta(route, request.headers(), &offered),
        azure: route.provider == Provider::Azure,
    };
    let dialect = shared.options.dialect.of(asked);
    let key = auth::key(request.headers(), offered, query, route.provider);
    let admitted = shared.gate.admit(key, shared.now());
    let granted = admitted.as_ref().ok().and_then(Option::as_ref);
    let realm = realm::test_of(request.headers(), query, granted)
        .and_then(|test| shared.realm(test.as_deref()));
    let faults = realm
        .as_ref()
        .map(|realm| realm.connect())
        .unwrap_or_default();
    let late = faults.lateness();
    if !late.is_zero() {
        tokio::time::sleep(late).await;
    }
    if let (Ok(realm), Some(refusal)) = (&realm, faults.refusal()) {
        return realm.refused_by_fault(&refusal, &faults).into_response();
    }
    if let (Provider::Azure, Err(denied)) = (route.provider, &admitted) {
        return HttpRefusal::not_admitted(denied, route.provider).into_response();
    }
    let query = Query::of(query);
    let connecting = Connecting {
        request: &mut request,
        shared,
        stopping,
        place,
    };
    if let (Ok(_), Ok(_), Ok(_), Some(call_id)) = (&realm, &admitted, &dialect, &query.call_id) {
        #[cfg(feature = "calls")]
        if connecting.follow::<S>(call_id) {
            return response;
        }
        tracing::debug!(call = %call_id, "a call that is not held");
        return unknown_call();
    }
    let (realm, opening) = match realm {
        Ok(realm) => {
            let granted = admitted.map(|granted| granted.map(|granted| granted.grant));
            (realm, Opening::of(socket, dialect, query, granted))
        }
        // Of no test that there is, so that none sees it.
        Err(refusal) => (Arc::new(Realm::new(0, None)), Err(refusal)),
    };
    match opening.and_then(|opening| opening.accepted_by(&shared.options.models, route.provider)) {
        Ok(Opening::Session(kind, model, grant)) => {
            let span = tracing::info_span!("session", id = Empty, %model);
            let dialect = dialect.unwrap_or_default();
            let session = realm.session(dialect, kind, model, grant, &faults);
            span.record("id", display(id_of(session.engine().engine().settings())));
            connecting.become_session::<S, _>(session, span);
        }
        Ok(Opening::Translation(model, settings)) => {
            let span = tracing::info_span!("session", %model, kind = "translation");
            connecting.become_session::<S, _>(realm.translation(model, settings, &faults), span);
        }
        Err(refusal) => {
            let span = tracing::info_span!("session", kind = "refused");
            connecting.become_session::<S, _>(realm.refused(refusal, &faults), span);
        }
    }
    response
}

/// A request that is about to be upgraded.
struct Connecting<'a> {
    request: &'a mut Request<Incoming>,
    shared: &'a Arc<Shared>,
    stopping: &'a Stopping,
    place: Place,
}

impl Connecting<'_> {
    /// Follows the call with this id, if there is one that is held.
    #[cfg(feature = "calls")]
    fn follow<S: Stream>(self, call_id: &str) -> bool {
        let Some(following) = calls::attach(call_id, self.shared) else {
            return false;
        };
        let span = tracing::info_span!("sideband", call = %call_id);
        let sideband = following.run::<S>(
            hyper::upgrade::on(self.request),
            Arc::clone(self.shared),
            self.stopping.clone(),
            self.place,
        );
        tokio::spawn(sideband.instrument(span));
        true
    }

    /// What the session does is told under the span.
    fn become_session<S: Stream, E: Engine>(self, session: MockSession<E>, span: Span) {
        #[cfg(feature = "conformance")]
        let session = session.verified(self.shared.verification.as_ref());
        let session = connection::run::<S, E>(
            hyper::upgrade::on(self.request),
            Box::new(session),
            Arc::clone(self.shared),
            self.stopping.clone(),
            self.place,
        );
        tokio::spawn(session.instrument(span));
    }
}

pub(super) fn id_of(session: &Session) -> &SessionId {
    match session {
        Session::Realtime(session) => &session.id,
        Session::Transcription(session) => &session.id,
    }
}

/// The session that a client opens.
#[derive(Debug, PartialEq)]
pub(super) enum Opening {
    /// A conversation or transcription, with its model and what its key grants.
    Session(SessionKind, String, SessionGrant),
    /// A translation, likewise.
    Translation(String, Option<TranslationAudio>),
}

impl Opening {
    /// What the address asks for, and the key allows.
    fn of(
        socket: Socket,
        dialect: Result<Dialect, BetaRefused>,
        query: Query,
        admitted: Result<Option<Grant>, Denied>,
    ) -> Result<Self, HandshakeRefusal> {
        let grant = admitted?;
        dialect.map_err(|BetaRefused| HandshakeRefusal::beta_is_off())?;
        match (socket, grant) {
            (Socket::Translations, Some(Grant::Translation(granted))) => Ok(Self::Translation(
                query.model.unwrap_or(granted.model),
                granted.audio,
            )),
            (Socket::Translations, None) => query
                .model
                .map(|model| Self::Translation(model, None))
                .ok_or_else(HandshakeRefusal::no_model),
            (Socket::Translations, Some(Grant::Session(_)))
            | (Socket::Realtime, Some(Grant::Translation(_))) => {
                Err(HandshakeRefusal::key_of_another_session())
            }
            (Socket::Realtime, Some(Grant::Session(grant))) => Self::granted(query, grant),
            (Socket::Realtime, None) => Self::asked_for(query),
        }
    }

    /// A session without settings, as the address asks for it.
    fn asked_for(query: Query) -> Result<Self, HandshakeRefusal> {
        match (query.kind()?, query.model) {
            (Some(SessionKind::Transcription), None) => Ok(Self::Session(
                SessionKind::Transcription,
                String::new(),
                SessionGrant::default(),
            )),
            (Some(SessionKind::Transcription), Some(_)) => {
                Err(HandshakeRefusal::model_in_transcription())
            }
            (_, Some(model)) => Ok(Self::Session(
                SessionKind::Realtime,
                model,
                SessionGrant::default(),
            )),
            (_, None) => Err(HandshakeRefusal::no_model()),
        }
    }

    /// A session with the settings of an ephemeral key. What the address says goes before them.
    fn granted(query: Query, grant: SessionGrant) -> Result<Self, HandshakeRefusal> {
        let asked = query.kind()?;
        let kind = grant.kind();
        if asked.is_some_and(|asked| asked != kind) {
            return Err(HandshakeRefusal::key_of_another_session());
        }
        if kind == SessionKind::Transcription {
            return match query.model {
                Some(_) => Err(HandshakeRefusal::model_in_transcription()),
                None => Ok(Self::Session(kind, String::new(), grant)),
            };
        }
        let model = query.model.unwrap_or_else(|| grant.model().to_owned());
        Ok(Self::Session(kind, model, grant))
    }

    /// The same, if its model is one to hold it: one of these, where there are any, else any that is
    /// not known to be for something else. A deployment of Azure has whatever name it was given.
    pub(super) fn accepted_by(
        self,
        models: &[String],
        provider: Provider,
    ) -> Result<Self, HandshakeRefusal> {
        if provider == Provider::Azure {
            return Ok(self);
        }
        let is_other = |model: &String, purpose| {
            !models.is_empty() && !models.contains(model)
                || Purpose::of(model).is_some_and(|known| known != purpose)
        };
        match &self {
            Self::Session(SessionKind::Realtime, model, _)
                if Purpose::of(model) == Some(Purpose::Transcription) =>
            {
                Err(HandshakeRefusal::for_transcription_only(
                    model,
                    TRANSCRIPTION_MODEL,
                ))
            }
            Self::Session(SessionKind::Realtime, model, _)
                if is_other(model, Purpose::Conversation) =>
            {
                Err(HandshakeRefusal::not_for_conversations(model))
            }
            Self::Translation(model, _) if is_other(model, Purpose::Translation) => {
                Err(HandshakeRefusal::not_for_translation(model))
            }
            _ => Ok(self),
        }
    }
}

/// What the address says.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) model: Option<String>,
    intent: Option<String>,
    call_id: Option<String>,
}

impl Query {
    pub(super) fn of(query: &str) -> Self {
        let mut found = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                // So the preview of Azure calls it.
                "model" | "deployment" => &mut found.model,
                "intent" => &mut found.intent,
                "call_id" => &mut found.call_id,
                _ => continue,
            };
            *place = Some(value.into_owned()).filter(|value| !value.is_empty());
        }
        found
    }

    /// The kind of session it asks for, if it says so.
    fn kind(&self) -> Result<Option<SessionKind>, HandshakeRefusal> {
        match self.intent.as_deref() {
            None => Ok(None),
            Some(TRANSCRIPTION) => Ok(Some(SessionKind::Transcription)),
            Some(CONVERSATION) => Ok(Some(SessionKind::Realtime)),
            Some(other) => Err(HandshakeRefusal::unknown_intent(other)),
        }
    }
}
