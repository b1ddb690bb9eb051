//! Where a request goes by its path and method.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, Response};

use super::accept::Stream;
#[cfg(feature = "calls")]
use super::calls;
use super::refusals::HttpRefusal;
use super::shutdown::Stopping;
use super::{Shared, handshake, rest};

/// What a path is of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route<'a> {
    pub(super) provider: Provider,
    /// Whether it is the preview of Azure, which has the shapes of the beta.
    pub(super) is_preview: bool,
    pub(super) endpoint: Endpoint<'a>,
}

/// Whose service the path is of. They differ in how they let clients in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    OpenAi,
    Azure,
}

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    Socket(Socket),
    Resource(Resource<'a>),
    #[cfg(feature = "calls")]
    Call(calls::Resource<'a>),
}

/// What is opened as a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    /// Conversations and transcription.
    Realtime,
    Translations,
}

/// What is asked for and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    ClientSecrets,
    TranslationClientSecrets,
    /// Ephemeral keys as they were made in the beta: for conversations.
    BetaSessions,
    /// The same for sessions that only transcribe.
    BetaTranscriptionSessions,
    Models,
    Model(&'a str),
}

impl Endpoint<'_> {
    /// The one method it has.
    fn method(self) -> Method {
        match self {
            #[cfg(feature = "calls")]
            Self::Call(_) => Method::POST,
            Self::Socket(_) | Self::Resource(Resource::Models | Resource::Model(_)) => Method::GET,
            Self::Resource(
                Resource::ClientSecrets
                | Resource::TranslationClientSecrets
                | Resource::BetaSessions
                | Resource::BetaTranscriptionSessions,
            ) => Method::POST,
        }
    }
}

impl<'a> Route<'a> {
    pub(super) fn find(path: &'a str) -> Option<Self> {
        let (provider, is_preview, rest) = if path == "/openai/realtime" {
            (Provider::Azure, true, "/realtime")
        } else if let Some(rest) = path.strip_prefix("/openai/v1") {
            (Provider::Azure, false, rest)
        } else {
            (Provider::OpenAi, false, path.strip_prefix("/v1")?)
        };
        #[cfg(feature = "calls")]
        if let Some(call) = rest.strip_prefix("/realtime/calls") {
            let endpoint = Endpoint::Call(calls::Resource::find(call)?);
            return Some(Self {
                provider,
                is_preview,
                endpoint,
            });
        }
        let endpoint = match rest {
            "/realtime" => Endpoint::Socket(Socket::Realtime),
            "/realtime/translations" => Endpoint::Socket(Socket::Translations),
            "/realtime/client_secrets" => Endpoint::Resource(Resource::ClientSecrets),
            "/realtime/translations/client_secrets" => {
                Endpoint::Resource(Resource::TranslationClientSecrets)
            }
            "/realtime/sessions" => Endpoint::Resource(Resource::BetaSessions),
            "/realtime/transcription_sessions" => {
                Endpoint::Resource(Resource::BetaTranscriptionSessions)
            }
            "/models" => Endpoint::Resource(Resource::Models),
            _ => Endpoint::Resource(Resource::Model(rest.strip_prefix("/models/")?)),
        };
        Some(Self {
            provider,
            is_preview,
            endpoint,
        })
    }
}

/// Answers a request: with an upgrade that becomes a session, with what was asked for, or with an
/// error in OpenAI's form.
pub(super) async fn answer<S: Stream>(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
    stopping: &Stopping,
) -> Response<String> {
    let path = request.uri().path().to_owned();
    let method = request.method();
    let Some(route) = Route::find(&path) else {
        return HttpRefusal::unknown_path(method, &path).into_response();
    };
    let allowed = route.endpoint.method();
    if *method != allowed {
        return HttpRefusal::wrong_method(method, &path, &allowed).into_response();
    }
    match route.endpoint {
        Endpoint::Socket(socket) => {
            handshake::answer::<S>(request, &route, socket, shared, stopping).await
        }
        #[cfg(feature = "calls")]
        Endpoint::Call(resource) => {
            calls::answer(request, route.provider, resource, shared, stopping).await
        }
        Endpoint::Resource(resource) => {
            rest::answer(request, route.provider, resource, shared).await
        }
    }
}
