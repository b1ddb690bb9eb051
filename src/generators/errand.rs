//! Plans that somebody outside the session makes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ResponsePlan;

/// A plan that is not there yet. The response is created and in progress meanwhile, and can be
/// cancelled.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingPlan {
    /// What gives the plan.
    pub errand: Errand,
    /// How long the session waits for it, on its own clock.
    pub within: Duration,
    /// How the response goes where there is no plan by then, or never will be.
    pub fallback: ResponsePlan,
}

/// Work that gives a plan and is done outside the session, by whoever drives it: asking another
/// program, say. Clones are the same work, which is done once.
#[derive(Clone)]
pub struct Errand(Arc<Mutex<Option<Work>>>);

type Work = Pin<Box<dyn Future<Output = Option<ResponsePlan>> + Send>>;

impl Errand {
    /// Work to be done; it gives nothing where it fails, and has said why.
    pub fn new(work: impl Future<Output = Option<ResponsePlan>> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::pin(work)))))
    }

    /// Does the work. Only the first who does gets a plan.
    pub async fn run(self) -> Option<ResponsePlan> {
        let work = {
            let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            place.take()
        };
        work?.await
    }
}

impl PartialEq for Errand {
    /// The same work, not such that gives the same plan.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errand")
    }
}
