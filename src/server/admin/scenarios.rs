//! Keys, and the scenarios that their sessions follow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expect::ExpectationsConfig;
use crate::scenario::Scenario;
use crate::server::realm::DEFAULT;

use super::keys::{ClockChoice, Keyed, NotMade, Settings};
use super::operation::{Done, Json, Made, NoBody, NoQuery};
use super::refusals::Refusal;
use super::targets::{OfKey, OfName, OfServer};

/// A key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyView {
    /// What clients say by the header `X-Mock-Scenario` or the parameter `mock_scenario`.
    key: String,
    /// The seed of its first session; those after it count up from there.
    seed: u64,
    /// The Unix second at which its sessions start, if it was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<u64>,
    /// How time passes in its sessions.
    clock: ClockChoice,
    /// How many connections were tried, those included whose handshake was refused.
    connections: usize,
    /// How many sessions were opened.
    sessions: usize,
    /// How many of them are open.
    open: usize,
}

impl KeyView {
    fn of(key: &str, keyed: &Keyed) -> Self {
        let Settings {
            seed,
            started_at,
            clock,
        } = keyed.settings;
        let observer = keyed.observer();
        let controls = observer.sessions();
        Self {
            key: key.to_owned(),
            seed,
            started_at,
            clock,
            connections: observer.connections(),
            sessions: observer.opened(),
            open: controls.iter().filter(|control| !control.is_over()).count(),
        }
    }
}

/// The keys there are.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyList {
    /// In the order of their names.
    scenarios: Vec<KeyView>,
}

pub(super) fn list(server: OfServer, _: NoQuery, _: NoBody) -> Result<Json<KeyList>, Refusal> {
    let all = server.0.admin()?.keys().list();
    let scenarios = all.iter().map(|(key, keyed)| KeyView::of(key, keyed));
    Ok(Json(KeyList {
        scenarios: scenarios.collect(),
    }))
}

/// How the sessions of a key go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutQuery {
    /// The seed of its first session; those after it count up from there.
    #[serde(default)]
    seed: u64,
    /// The Unix second at which its sessions start; the real time, without.
    #[serde(default)]
    started_at: Option<u64>,
    /// How time passes in its sessions: as everywhere, or by `advance` alone.
    #[serde(default)]
    clock: ClockChoice,
    /// Whether a key that is in use ends what it has. Without, that is a conflict.
    #[serde(default)]
    replace: bool,
}

pub(super) fn put(
    OfName { shared, key }: OfName,
    query: PutQuery,
    scenario: Scenario,
) -> Result<Made<KeyView>, Refusal> {
    let PutQuery {
        seed,
        started_at,
        clock,
        replace,
    } = query;
    let settings = Settings {
        seed,
        started_at,
        clock,
    };
    match shared
        .admin()?
        .keys()
        .make(&key, scenario, settings, replace)
    {
        Ok((keyed, was_there)) => Ok(Made {
            made: KeyView::of(&key, &keyed),
            was_there,
        }),
        Err(NotMade::InUse(keyed)) => {
            let sessions = keyed.observer().opened();
            let seconds = keyed.age().as_secs_f64();
            Err(Refusal::key_in_use(&key, seconds, sessions))
        }
        Err(NotMade::TooMany(limit)) => Err(Refusal::too_many_keys(limit)),
    }
}

/// A key with its scenario.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyWithScenario {
    #[serde(flatten)]
    key: KeyView,
    /// The scenario, as it was read.
    scenario: Value,
}

pub(super) fn get(
    OfName { shared, key }: OfName,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<KeyWithScenario>, Refusal> {
    let keyed = shared.admin()?.keys().find(&key);
    let keyed = keyed.ok_or_else(|| Refusal::unknown_key(&key))?;
    let scenario = serde_json::to_value(keyed.scenario());
    Ok(Json(KeyWithScenario {
        key: KeyView::of(&key, &keyed),
        scenario: scenario.map_err(|error| Refusal::unwritten(&error))?,
    }))
}

pub(super) fn delete(
    OfName { shared, key }: OfName,
    _: NoQuery,
    _: NoBody,
) -> Result<Done, Refusal> {
    if shared.admin()?.keys().delete(&key) || key == DEFAULT {
        return Ok(Done);
    }
    Err(Refusal::unknown_key(&key))
}

pub(super) fn reset(
    OfName { shared, key }: OfName,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<KeyView>, Refusal> {
    let keyed = shared.admin()?.keys().reset(&key);
    let keyed = keyed.ok_or_else(|| Refusal::unknown_key(&key))?;
    Ok(Json(KeyView::of(&key, &keyed)))
}

/// Whether what was expected is so.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Verdict {
    /// Whether all of it is so.
    met: bool,
    /// What is not so, with what came nearest and the timeline of both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

pub(super) fn verify(
    target: OfKey,
    _: NoQuery,
    Json(expected): Json<ExpectationsConfig>,
) -> Result<Json<Verdict>, Refusal> {
    let expectations = expected.to_expectations().map_err(Refusal::impossible)?;
    let unmet = expectations.verify(target.observer.journal()).err();
    Ok(Json(Verdict {
        met: unmet.is_none(),
        message: unmet.map(|unmet| unmet.to_string()),
    }))
}
