//! What is asked of calls over HTTP: to open one, and to accept, reject, hand on and end one.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use hyper::body::Incoming as Body;
use hyper::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{HeaderMap, Request, Response, StatusCode};
use multer::Multipart;
use serde_json::{Map, Value};

use super::super::Shared;
use super::super::admission::Place;
use super::super::auth;
use super::super::handshake::{Opening, Query, id_of};
use super::super::realm::{Realm, test_of};
use super::super::refusals::HttpRefusal;
use super::super::rest::{self, decoded};
use super::super::routes::Provider;
use super::super::secrets::{Grant, Granted, SessionGrant};
use super::super::shutdown::Stopping;
use super::super::subprotocols::Subprotocols;
use super::call::{Accepting, Call, CannotDo};
use super::incoming::IncomingCall;
use super::line::Line;
use super::record::{CallEvent, CallKind};
use super::sdp;
use super::switchboard::ids;
use crate::dialect::{Asked, Dialect, DialectSession};
use crate::engine::{
    Heard, KnownRecordings, ScriptedTranscriber, SessionKind, SessionOptions, Transport,
    initial_settings,
};
use crate::faults::ConnectionFaults;
use crate::mock::MockSession;
use crate::protocol::SessionId;
use crate::protocol::realtime::{
    CallCreateRequest, CallReferRequest, CallRejectRequest, CallSessionConfig, SessionConfig,
};

/// What is asked of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Resource<'a> {
    /// A WebRTC call, for an offer.
    Create,
    /// The call with this id is to do something.
    Of(&'a str, Operation),
}

/// What a call is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Operation {
    Accept,
    Reject,
    HangUp,
    Refer,
}

impl Operation {
    /// As the path says it.
    const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::HangUp => "hangup",
            Self::Refer => "refer",
        }
    }
}

impl<'a> Resource<'a> {
    /// What is at a path below `/realtime/calls`, which is left out of it.
    pub(in crate::server) fn find(rest: &'a str) -> Option<Self> {
        if rest.is_empty() {
            return Some(Self::Create);
        }
        let (id, operation) = rest.strip_prefix('/')?.split_once('/')?;
        let all = [
            Operation::Accept,
            Operation::Reject,
            Operation::HangUp,
            Operation::Refer,
        ];
        let operation = all.into_iter().find(|it| it.name() == operation)?;
        Some(Self::Of(id, operation))
    }
}

/// Answers a request, or says what is wrong with it in OpenAI's form.
pub(in crate::server) async fn answer(
    request: Request<Body>,
    provider: Provider,
    resource: Resource<'_>,
    shared: &Arc<Shared>,
    stopping: &Stopping,
) -> Response<String> {
    let asking = Asking {
        provider,
        shared,
        stopping,
    };
    let answered = match resource {
        Resource::Create => asking.create(request).await,
        Resource::Of(id, operation) => asking.operate(id, operation, request).await,
    };
    answered.unwrap_or_else(HttpRefusal::into_response)
}

/// Somebody who asks something of a call.
#[derive(Clone, Copy)]
struct Asking<'a> {
    provider: Provider,
    shared: &'a Arc<Shared>,
    stopping: &'a Stopping,
}

/// The session that is to hold a call.
struct Terms {
    dialect: Dialect,
    kind: SessionKind,
    model: String,
    grant: SessionGrant,
}

impl Asking<'_> {
    fn admitted(self, request: &Request<Body>) -> Result<Option<Granted>, HttpRefusal> {
        let query = request.uri().query().unwrap_or_default();
        let offered = Subprotocols::default();
        let key = auth::key(request.headers(), offered, query, self.provider);
        let admitted = self.shared.gate.admit(key, self.shared.now());
        admitted.map_err(|denied| HttpRefusal::not_admitted(&denied, self.provider))
    }

    /// A place for the session of a call.
    fn place(self) -> Result<Place, HttpRefusal> {
        let place = self.shared.admission.admit(self.stopping.phase());
        place.map_err(|reason| HttpRefusal::from(Response::from(reason)))
    }

    /// The call counts as a connection, for which something may be meant to go wrong.
    fn connect(realm: &Realm) -> Result<ConnectionFaults, HttpRefusal> {
        let faults = realm.connect();
        match faults.refusal() {
            Some(refusal) => Err(realm.refused_by_fault(&refusal, &faults)),
            None => Ok(faults),
        }
    }

    /// The session that these settings make, if they make one.
    fn terms(self, model: Option<String>, grant: SessionGrant) -> Result<Terms, HttpRefusal> {
        let dialect = self.shared.options.dialect.of(Asked {
            beta: false,
            azure: self.provider == Provider::Azure,
        });
        let dialect = dialect.unwrap_or_default();
        let kind = grant.kind();
        let model = model.unwrap_or_else(|| grant.model().to_owned());
        let opening = Opening::Session(kind, model, grant);
        let opening = opening.accepted_by(&self.shared.options.models, self.provider);
        match opening.map_err(|refusal| HttpRefusal::bad_request(refusal.refusal))? {
            Opening::Session(kind, model, grant) => {
                let settings = grant.settings.clone();
                initial_settings(kind, SessionId::from("sess_"), &model, 0, settings)
                    .map_err(HttpRefusal::bad_request)?;
                Ok(Terms {
                    dialect,
                    kind,
                    model,
                    grant,
                })
            }
            Opening::Translation(..) => Err(HttpRefusal::not_a_call()),
        }
    }

    /// Opens a WebRTC call.
    async fn create(self, request: Request<Body>) -> Result<Response<String>, HttpRefusal> {
        let granted = self.admitted(&request)?;
        let query = request.uri().query().unwrap_or_default();
        let realm = test_of(request.headers(), query, granted.as_ref())
            .and_then(|test| self.shared.realm(test.as_deref()));
        let realm = realm.map_err(|refusal| HttpRefusal::bad_request(refusal.refusal))?;
        let query = Query::of(query);
        let headers = request.headers().clone();
        let body = rest::body(request, &self.shared.options.limits).await?;
        let CallCreateRequest {
            sdp: offer,
            session,
        } = call_request(&headers, body).await?;
        let granted = match granted.map(|granted| granted.grant) {
            None => None,
            Some(Grant::Session(grant)) => Some(grant),
            Some(Grant::Translation(_)) => return Err(HttpRefusal::not_a_call()),
        };
        let model = query.model.clone();
        let grant = match (session, granted) {
            (Some(CallSessionConfig::Realtime(session)), _) => {
                SessionGrant::new(Some(SessionConfig::Realtime(session)))
            }
            (None, Some(grant)) => grant,
            (None, None) if model.is_none() => return Err(HttpRefusal::no_model()),
            (None, None) => SessionGrant::default(),
        };
        let terms = self.terms(model, grant)?;
        let number = self.shared.calls.next();
        let seed = self.shared.options.seed.wrapping_add(number);
        let answer = sdp::answer(&offer, seed).map_err(|bad| HttpRefusal::bad_offer(&bad))?;
        let place = self.place()?;
        let faults = Self::connect(&realm)?;
        let id = ids(self.shared, number).webrtc_call();
        let (call, accepting) = Call::held(id, realm);
        let call = Arc::new(call);
        self.shared.calls.add(Arc::clone(&call));
        self.hold(&call, accepting, terms, &faults, place);
        Ok(created(&call.id, self.provider, answer))
    }

    /// Has a call do something.
    async fn operate(
        self,
        id: &str,
        operation: Operation,
        request: Request<Body>,
    ) -> Result<Response<String>, HttpRefusal> {
        self.admitted(&request)?;
        let call = self.shared.calls.get(id);
        let call = call.ok_or_else(|| HttpRefusal::no_call(id))?;
        let body = rest::body(request, &self.shared.options.limits).await?;
        let done = match operation {
            Operation::Accept => self.accept(&call, &body)?,
            Operation::Reject => call.reject(status_code(&body)?),
            Operation::HangUp => call.hang_up(),
            Operation::Refer => call.refer(target(&body)?),
        };
        match done {
            Ok(()) => Ok(Response::new(String::new())),
            Err(reason) => {
                let refusal = HttpRefusal::call_cannot(reason, id);
                call.note(CallEvent::Refused {
                    operation: operation.name().to_owned(),
                    message: refusal.message(),
                });
                Err(refusal)
            }
        }
    }

    fn accept(self, call: &Arc<Call>, body: &Bytes) -> Result<Result<(), CannotDo>, HttpRefusal> {
        let CallSessionConfig::Realtime(session) = decoded(body)?;
        let terms = self.terms(
            None,
            SessionGrant::new(Some(SessionConfig::Realtime(session))),
        )?;
        if call.kind() != CallKind::Sip {
            return Ok(Err(CannotDo::NotSip));
        }
        let place = self.place()?;
        let faults = Self::connect(&call.realm)?;
        Ok(call
            .accept()
            .map(|accepting| self.hold(call, accepting, terms, &faults, place)))
    }

    /// Begins the session that holds a call.
    fn hold(
        self,
        call: &Arc<Call>,
        accepting: Accepting,
        terms: Terms,
        faults: &ConnectionFaults,
        place: Place,
    ) {
        let session = session(call, terms, &accepting, faults);
        #[cfg(feature = "conformance")]
        let session = session.verified(self.shared.verification.as_ref());
        call.began(id_of(session.engine().engine().settings()).to_string());
        let line = Line::new(Arc::clone(call), session, accepting, place);
        tokio::spawn(line.hold(self.stopping.clone()));
    }
}

/// The session that holds a call.
fn session(
    call: &Call,
    terms: Terms,
    accepting: &Accepting,
    faults: &ConnectionFaults,
) -> MockSession {
    let realm = &call.realm;
    let mut options = realm.next_options();
    options.transport = match call.kind() {
        CallKind::Sip => Transport::Sip,
        CallKind::Webrtc => Transport::WebRtc,
    };
    options.maximum_duration = terms.dialect.maximum_duration();
    options.kind = terms.kind;
    options.model = terms.model;
    options.settings = terms.grant.settings;
    (realm.configure)(&mut options);
    if realm.is_observed(faults) {
        faults.apply(&mut options);
    }
    if let Some(incoming) = &accepting.incoming {
        understand(&mut options, incoming);
    }
    realm.open(DialectSession::new(terms.dialect, options), faults)
}

/// Has a session hear what the caller says in the words that they say it in.
fn understand(options: &mut SessionOptions, incoming: &IncomingCall) {
    let speeches: Vec<_> = incoming.speeches().collect();
    if speeches.is_empty() {
        return;
    }
    let nobody = Box::new(ScriptedTranscriber::default());
    let mut otherwise = std::mem::replace(&mut options.transcriber, nobody);
    let known = KnownRecordings::new(speeches);
    let hears = known.or_else(move |heard: Heard<'_>| otherwise.transcribe(heard));
    options.transcriber = Box::new(hears);
}

/// The answer to an offer.
fn created(id: &str, provider: Provider, answer: String) -> Response<String> {
    let base = match provider {
        Provider::OpenAi => "/v1",
        Provider::Azure => "/openai/v1",
    };
    let mut response = Response::new(answer);
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    // Recorded, though the document says `application/sdp`.
    let text = HeaderValue::from_static("text/plain;charset=utf-8");
    headers.insert(CONTENT_TYPE, text);
    let exposed = HeaderValue::from_static("Location, X-Request-Id");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    if let Ok(location) = HeaderValue::try_from(format!("{base}/realtime/calls/{id}")) {
        headers.insert(LOCATION, location);
    }
    response
}

/// What a client asks for that opens a call: an offer alone, or a form with settings beside it.
async fn call_request(headers: &HeaderMap, body: Bytes) -> Result<CallCreateRequest, HttpRefusal> {
    let content_type = headers.get(CONTENT_TYPE);
    let content_type = content_type
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/sdp") {
        let sdp = String::from_utf8(body.into()).map_err(|_| HttpRefusal::offer_is_no_text())?;
        return Ok(CallCreateRequest::new(sdp));
    }
    let boundary = multer::parse_boundary(content_type);
    let boundary = boundary.map_err(|_| HttpRefusal::no_offer(essence))?;
    let form = form(body, boundary).await?;
    decoded(&Bytes::from(Value::Object(form).to_string()))
}

/// A form as the JSON object that it stands for.
async fn form(body: Bytes, boundary: String) -> Result<Map<String, Value>, HttpRefusal> {
    let broken = |error: multer::Error| HttpRefusal::bad_form(&error.to_string());
    let body = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = Multipart::new(body, boundary);
    let mut form = Map::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let text = part.text().await.map_err(broken)?;
        let value = match &*name {
            "session" => serde_json::from_str(&text)
                .map_err(|error| HttpRefusal::not_json(&format!("session: {error}")))?,
            _ => Value::String(text),
        };
        form.insert(name, value);
    }
    Ok(form)
}

/// The SIP status that a caller is to get; an error of SIP. The bounds are *inferred*.
fn status_code(body: &Bytes) -> Result<u16, HttpRefusal> {
    const DECLINE: u16 = 603;
    if body.is_empty() {
        return Ok(DECLINE);
    }
    let CallRejectRequest { status_code } = decoded(body)?;
    let Some(status) = status_code else {
        return Ok(DECLINE);
    };
    let known = u16::try_from(status).ok();
    let error = known.filter(|status| (300..=699).contains(status));
    error.ok_or_else(|| HttpRefusal::no_sip_error(status))
}

/// Whom the caller is handed on to.
fn target(body: &Bytes) -> Result<String, HttpRefusal> {
    let CallReferRequest { target_uri } = decoded(body)?;
    let scheme = target_uri.split_once(':');
    let is_known = |scheme: &str| {
        ["tel", "sip", "sips"]
            .iter()
            .any(|it| scheme.eq_ignore_ascii_case(it))
    };
    match scheme {
        Some((scheme, rest)) if is_known(scheme) && !rest.trim().is_empty() => Ok(target_uri),
        _ => Err(HttpRefusal::no_target(&target_uri)),
    }
}
