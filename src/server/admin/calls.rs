//! Telephone calls that are to come in, and what became of them.
#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "all operations are functions of the same form"
)]

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::server::Shared;
use crate::server::calls::{CallHandle, CallRecord, CallRequest, IncomingCall, Switchboard};
use crate::server::realm::DEFAULT;

use super::entries::Wav;
use super::operation::{Done, File, Json, NoBody, NoQuery, Target};
use super::refusals::Refusal;
use super::targets::{OfName, OfServer};
use super::waiting::{LONGEST_WAIT, some_time, time_to_wait};

/// The most calls at once that are not over.
const MOST_CALLS: usize = 1_000;

/// Where calls come in whose sessions are of a key.
pub(super) struct OfSwitchboard {
    shared: Arc<Shared>,
    switchboard: Switchboard,
}

impl Target for OfSwitchboard {
    const REFUSALS: &'static [u16] = &[404, 422, 429];

    /// Without a key it is that of sessions without one.
    fn find(shared: &Arc<Shared>, parameters: &[String]) -> Result<Self, Refusal> {
        let default = [DEFAULT.to_owned()];
        let named = if parameters.is_empty() {
            &default
        } else {
            parameters
        };
        let OfName { shared, key } = OfName::find(shared, named)?;
        let realm = match shared.admin()?.keys().find(&key) {
            Some(keyed) => keyed.realm(),
            None if key == DEFAULT => Arc::clone(&shared.default),
            None => return Err(Refusal::unknown_key(&key)),
        };
        let switchboard = Switchboard::new(Arc::clone(&shared), realm);
        Ok(Self {
            shared,
            switchboard,
        })
    }
}

/// A call.
pub(super) struct OfCall {
    shared: Arc<Shared>,
    call: CallHandle,
}

impl Target for OfCall {
    const REFUSALS: &'static [u16] = &[404];

    fn find(shared: &Arc<Shared>, parameters: &[String]) -> Result<Self, Refusal> {
        let id = parameters.first().map(String::as_str).unwrap_or_default();
        let switchboard = Switchboard::new(Arc::clone(shared), Arc::clone(&shared.default));
        let call = switchboard.call(id);
        Ok(Self {
            shared: Arc::clone(shared),
            call: call.ok_or_else(|| Refusal::unknown_call(id))?,
        })
    }
}

/// The calls there are, and those that ended not long ago.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CallList {
    /// In the order in which they came in.
    calls: Vec<CallRecord>,
}

pub(super) fn list(server: OfServer, _: NoQuery, _: NoBody) -> Result<Json<CallList>, Refusal> {
    let realm = Arc::clone(&server.0.default);
    let calls = Switchboard::new(server.0, realm).calls();
    let calls = calls.iter().map(CallHandle::record).collect();
    Ok(Json(CallList { calls }))
}

/// What to wait for before a call is told of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Awaited {
    /// Wait until its journal has more entries than this, or it is over.
    after: Option<usize>,
    /// How long to wait, in milliseconds; 10,000 without.
    #[schemars(range(max = LONGEST_WAIT))]
    timeout_ms: Option<u64>,
}

pub(super) async fn get(
    target: OfCall,
    awaited: Awaited,
    _: NoBody,
) -> Result<Json<CallRecord>, Refusal> {
    let timeout = time_to_wait(awaited.timeout_ms.unwrap_or_else(some_time))?;
    let Some(after) = awaited.after else {
        return Ok(Json(target.call.record()));
    };
    let place = target.shared.admin()?.waiting.try_acquire();
    let _place = place.map_err(|_| Refusal::too_many_waiting())?;
    let is_more = |record: &CallRecord| record.journal.len() > after;
    let waits = async {
        tokio::select! {
            record = target.call.until(is_more) => record,
            record = target.call.ended() => record,
        }
    };
    let waited = tokio::time::timeout(timeout, waits).await;
    Ok(Json(waited.unwrap_or_else(|_| target.call.record())))
}

pub(super) fn ring(
    target: OfSwitchboard,
    _: NoQuery,
    Json(request): Json<CallRequest>,
) -> Result<Json<CallRecord>, Refusal> {
    let incoming = IncomingCall::try_from(request)
        .map_err(|bad| Refusal::at("impossible", bad.path, bad.reason))?;
    if target.shared.calls.going_on() >= MOST_CALLS {
        return Err(Refusal::too_many_calls(MOST_CALLS));
    }
    Ok(Json(target.switchboard.ring(incoming).record()))
}

pub(super) fn hang_up(target: OfCall, _: NoQuery, _: NoBody) -> Result<Done, Refusal> {
    target.call.hang_up();
    Ok(Done)
}

pub(super) fn wav(target: OfCall, _: NoQuery, _: NoBody) -> Result<File<Wav>, Refusal> {
    Ok(File::new(target.call.audio().wav()))
}
