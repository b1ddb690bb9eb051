//! Waiting for what is sent.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::expect::EntryPattern;

use super::entries::NumberedEntry;
use super::operation::{Json, NoQuery};
use super::refusals::Refusal;
use super::targets::OfKey;

/// How long a request may wait, in milliseconds.
pub(super) const LONGEST_WAIT: u64 = 60_000;

/// What to wait for: an entry of the journal that is there already or comes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// What it is like.
    entry: EntryPattern,
    /// The number of the first entry that counts: the `next` of the answer before, say.
    #[serde(default)]
    from: u64,
    /// How many entries like that there have to be.
    #[serde(default = "once")]
    #[schemars(range(min = 1))]
    count: usize,
    /// How long to wait, in milliseconds.
    #[serde(default = "some_time")]
    #[schemars(range(max = LONGEST_WAIT))]
    timeout_ms: u64,
}

fn once() -> usize {
    1
}

pub(super) fn some_time() -> u64 {
    10_000
}

/// What came of waiting.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Waited {
    /// Whether it is there.
    met: bool,
    /// The last of the entries that were waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<NumberedEntry>,
    /// The number after it, from which to wait for what comes later.
    next: u64,
    /// What did not come in time, with the timeline of both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// The time a request is to wait, unless it is too long.
pub(super) fn time_to_wait(timeout_ms: u64) -> Result<Duration, Refusal> {
    if timeout_ms > LONGEST_WAIT {
        let message = format!("a request waits no longer than {LONGEST_WAIT} ms; ask again");
        return Err(Refusal::at("impossible", "timeout_ms", message));
    }
    Ok(Duration::from_millis(timeout_ms))
}

pub(super) async fn wait(
    target: OfKey,
    _: NoQuery,
    Json(wait): Json<Wait>,
) -> Result<Json<Waited>, Refusal> {
    if wait.count == 0 {
        let message = "one at least is waited for".to_owned();
        return Err(Refusal::at("impossible", "count", message));
    }
    let timeout = time_to_wait(wait.timeout_ms)?;
    let admin = target.shared.admin()?;
    let place = admin.waiting.try_acquire();
    let _place = place.map_err(|_| Refusal::too_many_waiting())?;
    let journal = target.observer.journal();
    let found = journal
        .until_there(wait.from, wait.count, Instant::now() + timeout, |entry| {
            wait.entry.matches(entry)
        })
        .await;
    Ok(Json(match found {
        Some((number, entry)) => Waited {
            met: true,
            entry: Some(NumberedEntry::of(number, &entry)),
            next: number + 1,
            message: None,
        },
        None => Waited {
            met: false,
            entry: None,
            next: wait.from,
            message: Some(format!(
                "waited {timeout:?} for {}{}; what was sent:\n{}",
                times(wait.count),
                wait.entry.describe(),
                journal.timeline()
            )),
        },
    }))
}

fn times(count: usize) -> String {
    match count {
        1 => String::new(),
        count => format!("{count} times "),
    }
}
