//! Where calls come in: all of a server's, and a hand on each.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Ids;
use crate::protocol::realtime::CallIncomingData;

use super::super::Shared;
use super::super::realm::Realm;
use super::call::Call;
use super::incoming::IncomingCall;
use super::record::{CallAudio, CallEvent, CallRecord};
use super::webhook::{self, Webhook};

/// Of so many calls that are over, the last, the records are kept.
const MOST_ENDED: usize = 1_000;

/// So many bytes of the audio of calls that are over are kept, of the last of them: an hour and more.
const MOST_AUDIO: usize = 64 * 1024 * 1024;

/// All calls of a server.
#[derive(Debug, Default)]
pub(in crate::server) struct Calls(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The newest first.
    calls: VecDeque<Arc<Call>>,
    made: u64,
}

impl Calls {
    pub(super) fn get(&self, id: &str) -> Option<Arc<Call>> {
        let kept = self.kept();
        kept.calls.iter().find(|call| call.id == id).cloned()
    }

    /// The number of the next call.
    pub(super) fn next(&self) -> u64 {
        let mut kept = self.kept();
        kept.made += 1;
        kept.made - 1
    }

    /// Adds a call, and forgets the oldest of those that are over where there are too many.
    pub(super) fn add(&self, call: Arc<Call>) {
        let mut kept = self.kept();
        kept.calls.push_front(call);
        let (mut ended, mut audio) = (0, 0);
        kept.calls.retain(|call| {
            if !call.is_over() {
                return true;
            }
            ended += 1;
            audio += call.audio().bytes();
            if audio > MOST_AUDIO {
                call.forget_audio();
            }
            ended <= MOST_ENDED
        });
    }

    /// How many there are that are not over.
    #[cfg(feature = "admin")]
    pub(in crate::server) fn going_on(&self) -> usize {
        let kept = self.kept();
        kept.calls.iter().filter(|call| !call.is_over()).count()
    }

    /// The oldest first.
    fn all(&self) -> Vec<Arc<Call>> {
        self.kept().calls.iter().rev().cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where calls of a server come in. Clones are of the same server.
#[derive(Clone)]
pub struct Switchboard {
    shared: Arc<Shared>,
    /// What the calls that come in are of.
    realm: Arc<Realm>,
}

impl fmt::Debug for Switchboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switchboard").finish_non_exhaustive()
    }
}

impl Switchboard {
    /// Where calls come in whose sessions are of this realm.
    pub(in crate::server) fn new(shared: Arc<Shared>, realm: Arc<Realm>) -> Self {
        Self { shared, realm }
    }

    /// Has a call come in: it rings, and is announced.
    ///
    /// # Panics
    ///
    /// Outside a runtime of tokio.
    pub fn ring(&self, incoming: IncomingCall) -> CallHandle {
        let shared = &self.shared;
        let number = shared.calls.next();
        let mut ids = ids(shared, number);
        let id = ids.sip_call();
        let announcement = incoming.webhook.clone().map(|webhook| Announcement {
            webhook,
            event_id: ids.webhook_event(),
            delivery_id: ids.webhook_delivery(),
            data: CallIncomingData::new(id.as_str(), incoming.sip_headers(number, &id)),
        });
        let rings_for = incoming.rings_for;
        let call = Arc::new(Call::ringing(id, Arc::clone(&self.realm), incoming));
        shared.calls.add(Arc::clone(&call));
        tracing::info!(call = %call.id, "a call comes in");
        let rings = {
            let (call, shared) = (Arc::clone(&call), Arc::clone(shared));
            async move {
                let announced = async {
                    if let Some(announcement) = announcement {
                        announcement.make(&call, &shared).await;
                    }
                };
                let waits = async {
                    let patience = tokio::time::timeout(rings_for, call.rings_no_more());
                    if patience.await.is_err() && call.is_ringing() {
                        call.caller_leaves();
                    }
                };
                tokio::join!(announced, waits);
                call.part_done();
            }
        };
        tokio::spawn(rings);
        CallHandle { call }
    }

    /// A hand on the call with this id.
    pub fn call(&self, id: &str) -> Option<CallHandle> {
        self.shared.calls.get(id).map(|call| CallHandle { call })
    }

    /// A hand on each call there is and was, the oldest first.
    pub fn calls(&self) -> Vec<CallHandle> {
        let calls = self.shared.calls.all().into_iter();
        calls.map(|call| CallHandle { call }).collect()
    }
}

/// The ids of the call with this number. Sessions count up from the seed and ephemeral keys down, so
/// that calls are far from both.
pub(super) fn ids(shared: &Shared, number: u64) -> Ids {
    const FAR: u64 = 1 << 40;
    let seed = shared.options.seed.wrapping_add(FAR).wrapping_add(number);
    Ids::new(seed, shared.now())
}

/// The announcement of a call.
struct Announcement {
    webhook: Webhook,
    event_id: String,
    delivery_id: String,
    data: CallIncomingData,
}

impl Announcement {
    /// Tries until it is taken, or the call does not ring any more.
    async fn make(self, call: &Call, shared: &Shared) {
        let now = || i64::try_from(shared.now()).unwrap_or(i64::MAX);
        let body = webhook::body(&self.event_id, now(), self.data);
        for attempt in 1.. {
            call.note(CallEvent::WebhookSent { attempt });
            let delivered = self.webhook.deliver(&self.delivery_id, &body, now()).await;
            let reason = match delivered {
                Ok(status) => {
                    let status = status.as_u16();
                    return call.note(CallEvent::WebhookTaken { attempt, status });
                }
                Err(reason) => reason,
            };
            let pause = webhook::pause_after(attempt);
            tracing::info!(call = %call.id, attempt, %reason, "the webhook was not taken");
            call.note(CallEvent::WebhookFailed {
                attempt,
                reason,
                retry_in_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            });
            let rings_no_more = tokio::time::timeout(pause, call.rings_no_more());
            if rings_no_more.await.is_ok() {
                return;
            }
        }
    }
}

/// A hand on a call. Clones are the same hand.
#[derive(Clone)]
pub struct CallHandle {
    call: Arc<Call>,
}

impl fmt::Debug for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallHandle").field(&self.call.id).finish()
    }
}

impl CallHandle {
    /// The call's id, `rtc_` and more: what the app accepts it by.
    pub fn id(&self) -> &str {
        &self.call.id
    }

    /// What happened so far.
    pub fn record(&self) -> CallRecord {
        self.call.record()
    }

    /// What was heard, once the call has ended; nothing before, and nothing of one that ended long ago.
    pub fn audio(&self) -> CallAudio {
        self.call.audio()
    }

    /// The caller hangs up, whatever they were about to do.
    pub fn hang_up(&self) {
        self.call.caller_leaves();
    }

    /// Waits until something is so of the call. Each thing that is noted is looked at.
    pub async fn until(&self, holds: impl Fn(&CallRecord) -> bool) -> CallRecord {
        self.call.until(|call| holds(&call.record())).await;
        self.call.record()
    }

    /// Waits until the call has ended, and all of it is in the record.
    pub async fn ended(&self) -> CallRecord {
        self.call.done().await;
        self.call.record()
    }
}
