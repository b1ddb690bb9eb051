//! An event of a flow that is sent in another way.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::expect::Direction;

use super::Sessions;
use super::changes::{Change, changes};
use super::flows::{FLOWS, Flow};
use super::mutation::Mutation;
use super::schema::Schema;
use super::session::{ExercisedSession, Said};

/// The sessions that the variants are found in have this seed. Any would do.
const SEED: u64 = 0;

/// An event, at its place in a flow, that differs from what the service mostly sends.
///
/// Its name says which event it is, how it differs and where: `response.done/null:response.usage`.
/// Where an event is in several flows, or several times in one, that is said, too:
/// `conversation.item.added@function-call.2/...`.
#[derive(Clone, Debug)]
pub struct Variant {
    name: String,
    place: Place,
    change: Change,
}

/// An event of a flow.
#[derive(Clone, Debug)]
struct Place {
    event_type: String,
    flow: &'static Flow,
    /// Which of the events of this type, from 0.
    occurrence: usize,
    /// Whether it is among what the session opens with.
    opens: bool,
}

impl Place {
    fn name_of(&self, first_flow: &str, change: &Change) -> String {
        let flow = self.flow.name;
        let place = match self.occurrence {
            0 if flow == first_flow => String::new(),
            0 => format!("@{flow}"),
            before => format!("@{flow}.{}", before + 1),
        };
        let within = if change.place.is_empty() { "" } else { ":" };
        format!(
            "{}{place}/{}{within}{}",
            self.event_type, change.mutation, change.place
        )
    }
}

impl Variant {
    /// Its name, by which it is found again.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of the event.
    pub fn event_type(&self) -> &str {
        &self.place.event_type
    }

    /// How it differs.
    pub const fn mutation(&self) -> Mutation {
        self.change.mutation
    }

    /// Where it differs, as in `response.output[0].id`; empty for all of the event.
    pub fn place(&self) -> &str {
        &self.change.place
    }

    /// The definition in the schema that lets it differ, such as `UserContent`.
    pub const fn definition(&self) -> &'static str {
        self.change.definition
    }

    /// The sessions it is in.
    pub const fn sessions(&self) -> Sessions {
        self.place.flow.sessions
    }

    /// A session with this event in it, from its beginning: all events of both sides, in order. Those
    /// of the client are somebody else's in the same session, so that a client that only reads has to
    /// bear all of it.
    ///
    /// ```
    /// use mock_realtime::exercise::{Sessions, variants};
    /// use mock_realtime::expect::Direction;
    ///
    /// let variant = variants(Sessions::Conversations)
    ///     .find(|variant| variant.name() == "response.output_text.delta/empty-text:delta")
    ///     .unwrap();
    /// let deltas: Vec<_> = variant
    ///     .session(7)
    ///     .into_iter()
    ///     .filter(|(by, event)| *by == Direction::Server && event["type"] == variant.event_type())
    ///     .map(|(_, event)| event["delta"].to_string())
    ///     .collect();
    /// assert_eq!(deltas, [r#""""#]);
    /// ```
    pub fn session(&self, seed: u64) -> Vec<(Direction, Value)> {
        let mut session = ExercisedSession::new(self.place.flow, seed);
        let mut opening = session.open();
        if self.place.opens {
            let _ = self.apply(&mut opening);
            return opening;
        }
        let mut run = session.run(Duration::ZERO);
        let _ = self.apply(&mut run);
        opening.extend(run);
        opening
    }

    /// The event it is of, at its place: its name as far as the stroke.
    pub(super) fn event_name(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    pub(crate) fn is_unchanged(&self) -> bool {
        self.change.mutation == Mutation::Unchanged
    }

    /// Whether it can be sent only once in a session.
    pub(super) fn is_once(&self) -> bool {
        self.place.opens || !self.place.flow.repeats
    }

    /// The flow it is in.
    pub(crate) const fn flow(&self) -> &'static Flow {
        self.place.flow
    }

    /// Whether it is among what the session opens with.
    pub(crate) fn is_in_opening(&self) -> bool {
        self.place.opens
    }

    /// Puts it into what is said in its flow. Gives the places of what it changes: of the event itself
    /// first.
    pub(crate) fn apply(&self, said: &mut Vec<Said>) -> Vec<usize> {
        let mut changed = Vec::new();
        for (index, (by, event)) in said.iter_mut().enumerate() {
            if *by == Direction::Server && rename(event, &self.change.renames) {
                changed.push(index);
            }
        }
        let mut places = said.iter().enumerate().filter(|(_, (by, event))| {
            *by == Direction::Server && event["type"] == self.place.event_type.as_str()
        });
        let Some((index, _)) = places.nth(self.place.occurrence) else {
            return changed;
        };
        for edit in &self.change.edits {
            edit.apply(&mut said[index].1);
        }
        let index = if self.change.mutation == Mutation::UnknownEvent {
            let unknown = unknown_event(&said[index].1);
            said.insert(index + 1, (Direction::Server, unknown));
            index + 1
        } else {
            index
        };
        changed.retain(|it| *it != index);
        changed.insert(0, index);
        changed
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// An event that nobody knows yet, and that belongs to what this one does.
fn unknown_event(event: &Value) -> Value {
    let mut unknown = event.clone();
    let name = event["type"].as_str().unwrap_or_default();
    unknown["type"] = json!(format!("{name}.added_later"));
    if let Some(id) = event["event_id"].as_str() {
        unknown["event_id"] = json!(format!("{id}L"));
    }
    unknown
}

/// Whether there was something to rename.
fn rename(value: &mut Value, renames: &[(String, String)]) -> bool {
    let mut found = false;
    match value {
        Value::String(text) => {
            if let Some((_, to)) = renames.iter().find(|(from, _)| from == text) {
                text.clone_from(to);
                found = true;
            }
        }
        Value::Array(values) => {
            for value in values {
                found |= rename(value, renames);
            }
        }
        Value::Object(fields) => {
            for value in fields.values_mut() {
                found |= rename(value, renames);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    found
}

/// All variants of the events of such sessions, made of the schema, in an order that stays the same.
///
/// Each event is first sent as it is ([`Mutation::Unchanged`]) in each flow that has it in a form of
/// its own. What is possible in several places is done at the first.
pub fn variants(sessions: Sessions) -> impl Iterator<Item = Variant> {
    let mut collector = Collector::default();
    let flows = FLOWS.iter().filter(move |flow| flow.sessions == sessions);
    flows.flat_map(move |flow| collector.of_flow(flow))
}

/// What was found so far.
#[derive(Debug, Default)]
struct Collector {
    /// The changes: of which event, how, where, and by which definition.
    known: HashSet<(String, Mutation, String, &'static str)>,
    /// The flow in which each event was first.
    first_flow: HashMap<String, &'static str>,
}

impl Collector {
    fn of_flow(&mut self, flow: &'static Flow) -> Vec<Variant> {
        let mut session = ExercisedSession::new(flow, SEED);
        let parts = [(true, session.open()), (false, session.run(Duration::ZERO))];
        let mut found = Vec::new();
        for (opens, said) in parts {
            let mut occurrences: HashMap<String, usize> = HashMap::new();
            for (_, event) in said.iter().filter(|(by, _)| *by == Direction::Server) {
                let event_type = event["type"].as_str().unwrap_or_default().to_owned();
                let count = occurrences.entry(event_type.clone()).or_default();
                let place = Place {
                    event_type,
                    flow,
                    occurrence: *count,
                    opens,
                };
                *count += 1;
                self.of_event(&place, event, &mut found);
            }
        }
        found
    }

    fn of_event(&mut self, place: &Place, event: &Value, found: &mut Vec<Variant>) {
        let Some(schema) = Schema::of_event(place.flow.sessions, &place.event_type) else {
            return;
        };
        let is_first = !self.first_flow.contains_key(&place.event_type);
        let (mut all, of_places): (Vec<Change>, Vec<Change>) = changes(schema, event)
            .into_iter()
            .partition(|change| change.place.is_empty());
        let whole = all.len();
        all.extend(of_places.into_iter().filter(|change| {
            self.known.insert((
                place.event_type.clone(),
                change.mutation,
                change.place.clone(),
                change.definition,
            ))
        }));
        if all.len() == whole && !is_first {
            return;
        }
        let first_flow = *self
            .first_flow
            .entry(place.event_type.clone())
            .or_insert(place.flow.name);
        found.extend(all.into_iter().map(|change| Variant {
            name: place.name_of(first_flow, &change),
            place: place.clone(),
            change,
        }));
    }
}
