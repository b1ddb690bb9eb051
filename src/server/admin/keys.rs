//! The keys by which tests are kept apart.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::expect::{Journal, Limits};
use crate::mock::{Clock, Observer};
use crate::scenario::{CompiledScenario, Scenario, ScenarioRun};
use crate::server::realm::Realm;

/// A key that was not used for so long, and has no open session, makes room for another.
const UNUSED: Duration = Duration::from_secs(600);

/// How the sessions of a key go, beside what they say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) seed: u64,
    pub(super) started_at: Option<u64>,
    pub(super) clock: ClockChoice,
}

/// How time passes in the sessions of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClockChoice {
    /// As everywhere.
    #[default]
    Real,
    /// By `advance` alone.
    Manual,
}

/// What one test has to itself.
pub(in crate::server) struct Keyed {
    pub(super) settings: Settings,
    scenario: Arc<CompiledScenario>,
    realm: Arc<Realm>,
    observer: Observer,
    made: Instant,
    used: Mutex<Instant>,
}

impl Keyed {
    fn new(scenario: Arc<CompiledScenario>, settings: Settings, journal: Limits) -> Self {
        let clock = match settings.clock {
            ClockChoice::Real => Clock::Driver,
            ClockChoice::Manual => Clock::Manual,
        };
        let observer = Observer::new(Journal::with_limits(journal)).on_clock(clock);
        let followed = Arc::clone(&scenario);
        let mut realm = Realm::new(settings.seed, settings.started_at);
        realm.configure = Arc::new(move |options| {
            ScenarioRun::new(Arc::clone(&followed)).configure(options);
        });
        let of_scenario = Arc::clone(&scenario);
        realm.faults = Arc::new(move || of_scenario.scenario().faults.clone());
        realm.observer = Some(observer.clone());
        let now = Instant::now();
        Self {
            settings,
            scenario,
            realm: Arc::new(realm),
            observer,
            made: now,
            used: Mutex::new(now),
        }
    }

    pub(in crate::server) fn realm(&self) -> Arc<Realm> {
        Arc::clone(&self.realm)
    }

    pub(super) fn observer(&self) -> &Observer {
        &self.observer
    }

    pub(super) fn scenario(&self) -> &Scenario {
        self.scenario.scenario()
    }

    pub(super) fn age(&self) -> Duration {
        self.made.elapsed()
    }

    fn last_use(&self) -> MutexGuard<'_, Instant> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_unused(&self) -> bool {
        let is_open = self
            .observer
            .sessions()
            .iter()
            .any(|control| !control.is_over());
        !is_open && self.last_use().elapsed() >= UNUSED
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("settings", &self.settings)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// Why a key is not made.
pub(super) enum NotMade {
    /// Somebody has it.
    InUse(Arc<Keyed>),
    /// There are so many, and all are in use.
    TooMany(usize),
}

/// All keys there are.
#[derive(Debug)]
pub(in crate::server) struct Keys {
    most: usize,
    journal: Limits,
    all: Mutex<BTreeMap<String, Arc<Keyed>>>,
}

impl Keys {
    pub(super) fn new(most: usize, journal: Limits) -> Self {
        Self {
            most,
            journal,
            all: Mutex::default(),
        }
    }

    /// What a key has, if there is such a key. It is used by that.
    pub(in crate::server) fn find(&self, key: &str) -> Option<Arc<Keyed>> {
        let found = self.all().get(key).cloned()?;
        *found.last_use() = Instant::now();
        Some(found)
    }

    /// All of them, in the order of their names.
    pub(super) fn list(&self) -> Vec<(String, Arc<Keyed>)> {
        let all = self.all();
        let all = all
            .iter()
            .map(|(key, keyed)| (key.clone(), Arc::clone(keyed)));
        all.collect()
    }

    /// Makes a key. Of two that do so at once, one has it.
    ///
    /// Gives what it has, and whether the key was there before, which needs `replace`.
    pub(super) fn make(
        &self,
        key: &str,
        scenario: Scenario,
        settings: Settings,
        replace: bool,
    ) -> Result<(Arc<Keyed>, bool), NotMade> {
        let scenario = Arc::new(scenario.compile());
        let made = Arc::new(Keyed::new(scenario, settings, self.journal));
        let mut all = self.all();
        if let Some(there) = all.get(key) {
            if !replace {
                return Err(NotMade::InUse(Arc::clone(there)));
            }
        } else if all.len() >= self.most && !make_room(&mut all) {
            return Err(NotMade::TooMany(self.most));
        }
        let before = all.insert(key.to_owned(), Arc::clone(&made));
        drop(all);
        if let Some(before) = &before {
            before
                .observer
                .end("the test's key was given another scenario");
        }
        Ok((made, before.is_some()))
    }

    /// Puts a key back to its beginning: without sessions, frames and faults.
    pub(super) fn reset(&self, key: &str) -> Option<Arc<Keyed>> {
        let mut all = self.all();
        let entry = all.get_mut(key)?;
        let again = Keyed::new(Arc::clone(&entry.scenario), entry.settings, self.journal);
        let before = std::mem::replace(entry, Arc::new(again));
        let again = Arc::clone(entry);
        drop(all);
        before.observer.end("the test's key was reset");
        Some(again)
    }

    /// Deletes a key with all it has; says whether there was one.
    pub(super) fn delete(&self, key: &str) -> bool {
        let deleted = self.all().remove(key);
        if let Some(deleted) = &deleted {
            deleted.observer.end("the test's key was deleted");
        }
        deleted.is_some()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Keyed>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Deletes the key that was unused for the longest time, if one was for long enough.
fn make_room(all: &mut BTreeMap<String, Arc<Keyed>>) -> bool {
    let unused = all.iter().filter(|(_, keyed)| keyed.is_unused());
    let oldest = unused.min_by_key(|(_, keyed)| *keyed.last_use());
    let oldest = oldest.map(|(key, _)| key.clone());
    oldest.is_some_and(|key| all.remove(&key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(most: usize) -> Keys {
        Keys::new(most, Limits::default())
    }

    fn make(keys: &Keys, key: &str) -> bool {
        let scenario = Scenario::default();
        let made = keys.make(key, scenario, Settings::default(), false);
        made.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_makes_room_once_nobody_has_used_it_for_long() {
        let keys = keys(2);
        assert!(make(&keys, "one") && make(&keys, "two"));
        tokio::time::advance(UNUSED / 2).await;
        assert!(!make(&keys, "three"));
        keys.find("one");
        tokio::time::advance(UNUSED / 2).await;
        assert!(make(&keys, "three"));
        assert!(keys.find("two").is_none() && keys.find("one").is_some());
        assert!(!make(&keys, "four"));
    }

    #[tokio::test]
    async fn only_one_of_many_that_come_at_once_has_a_key() {
        let keys = Arc::new(keys(10));
        let tries = (0..8).map(|_| {
            let keys = Arc::clone(&keys);
            std::thread::spawn(move || make(&keys, "mine"))
        });
        let tries: Vec<_> = tries.collect();
        let made = tries.into_iter().filter_map(|tried| tried.join().ok());
        assert_eq!(made.filter(|made| *made).count(), 1);
    }
}
