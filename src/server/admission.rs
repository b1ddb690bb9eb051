//! Which sessions are let in, and which are turned away.

use std::sync::Arc;

use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::metrics::{Meter, Metrics};
use super::shutdown::Phase;

/// When a client that was turned away may come again, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Lets sessions in as long as there is room.
#[derive(Debug)]
pub(super) struct Admission {
    places: Arc<Semaphore>,
    all: u32,
    metrics: Arc<Metrics>,
}

/// A session's place, until it is over.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

/// Why a session is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnedAway {
    /// There are as many as there may be.
    Full,
    /// The server is about to end.
    ShuttingDown,
}

impl Admission {
    pub(super) fn new(sessions: usize, metrics: Arc<Metrics>) -> Self {
        let all = u32::try_from(sessions).unwrap_or(u32::MAX);
        let places = Semaphore::MAX_PERMITS.min(all as usize);
        Self {
            places: Arc::new(Semaphore::new(places)),
            all,
            metrics,
        }
    }

    /// A place for a session, if there is one.
    pub(super) fn admit(&self, phase: Phase) -> Result<Place, TurnedAway> {
        let permit = match self.would_admit(phase) {
            Ok(()) => Arc::clone(&self.places).try_acquire_owned(),
            Err(reason) => return Err(self.count(reason)),
        };
        let permit = permit.map_err(|_| self.count(TurnedAway::Full))?;
        self.metrics.session_opened();
        Ok(Place {
            _permit: permit,
            metrics: Arc::clone(&self.metrics),
        })
    }

    /// Whether a session would have a place now.
    pub(super) fn would_admit(&self, phase: Phase) -> Result<(), TurnedAway> {
        if phase != Phase::Serving {
            Err(TurnedAway::ShuttingDown)
        } else if self.places.available_permits() == 0 {
            Err(TurnedAway::Full)
        } else {
            Ok(())
        }
    }

    /// Ready when no session is left.
    pub(super) async fn all_over(&self) {
        // An error means that the places are gone, which nobody does.
        let _ = self.places.acquire_many(self.all).await;
    }

    fn count(&self, reason: TurnedAway) -> TurnedAway {
        self.metrics.session_refused(reason);
        reason
    }
}

impl Place {
    /// What counts what the session does.
    pub(super) fn meter(&self) -> Meter {
        Meter::new(Arc::clone(&self.metrics))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.session_closed();
    }
}

impl TurnedAway {
    /// In words, for the client.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Full => {
                "This mock-realtime has as many sessions as it may have; try again later."
            }
            Self::ShuttingDown => "This mock-realtime is shutting down; try another instance.",
        }
    }
}

impl From<TurnedAway> for Response<String> {
    /// An HTTP error as OpenAI's API gives it where it is overloaded.
    fn from(reason: TurnedAway) -> Self {
        let body = serde_json::json!({ "error": {
            "message": reason.message(), "type": "server_error", "code": null, "param": null,
        }});
        let mut response = Response::new(body.to_string());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(RETRY_AFTER, RETRY_SECONDS);
        response
    }
}
