//! The walk over both versions: events, definitions, fields. Types are in [`super::values`].

use std::collections::{BTreeMap, BTreeSet};

use super::direction::Directions;
use super::matching;
use super::names::published_places;
use super::notation::{Depth, body_in_words, field_in_words};
use super::shape::Shape;
use super::{Breaks, Change, SentBy};
use crate::model::{Body, Definition, Field, MemberKind, Object, Protocol};
use crate::rules::{Direction, EventUnion, Rules};

/// Both versions, and the changes found so far.
pub(super) struct Comparison<'a> {
    pub(super) old: &'a Protocol,
    pub(super) new: &'a Protocol,
    rules: &'a Rules,
    directions: Directions<'a>,
    /// Definitions by name to their place in the document, the new one's first.
    places: BTreeMap<&'a str, String>,
    /// Inline definitions that are compared at each place of use.
    pub(super) split: BTreeSet<&'a str>,
    /// Definitions on the way down to here, against going round in circles.
    pub(super) within: Vec<(&'a str, &'a str)>,
    pub(super) changes: Vec<Change>,
}

/// Where the comparison is.
#[derive(Clone)]
pub(super) struct At<'a> {
    path: String,
    published: Option<String>,
    /// The definition it is in: by it is known who sends it.
    owner: &'a str,
}

impl At<'_> {
    pub(super) fn is_of(&self, change: &Change) -> bool {
        change.path == self.path
    }

    pub(super) fn step(&self, step: &str) -> Self {
        let published = self.published.as_ref();
        Self {
            path: format!("{}{step}", self.path),
            published: published.map(|place| format!("{place}{step}")),
            owner: self.owner,
        }
    }
}

impl<'a> Comparison<'a> {
    pub(super) fn new(old: &'a Protocol, new: &'a Protocol, rules: &'a Rules) -> Self {
        let mut places = published_places(old);
        places.extend(published_places(new));
        Self {
            old,
            new,
            rules,
            directions: Directions::new([old, new], rules),
            places,
            split: matching::split(old, new),
            within: Vec::new(),
            changes: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Vec<Change> {
        // Unions of events, and what was told with an event that came or went.
        let mut told = BTreeSet::new();
        for union in &self.rules.events {
            self.events(union, &mut told);
        }
        let told = |name: &str| told.contains(name);
        for (name, new) in &self.new.definitions {
            match self.old.definitions.get(name) {
                _ if told(name) => {}
                Some(old) => self.definition(name, old, new),
                None => self.type_added(name, new),
            }
        }
        for (name, old) in &self.old.definitions {
            if !self.new.definitions.contains_key(name) && !told(name) {
                self.type_removed(name, old);
            }
        }
        self.changes
    }

    /// Notes a change by whether it breaks senders and receivers.
    pub(super) fn note(&mut self, at: &At<'_>, what: impl Into<String>, breaks: (bool, bool)) {
        let breaks = match breaks {
            (true, true) => vec![Breaks::Senders, Breaks::Receivers],
            (true, false) => vec![Breaks::Senders],
            (false, true) => vec![Breaks::Receivers],
            (false, false) => vec![Breaks::Nobody],
        };
        self.changes.push(Change {
            path: at.path.clone(),
            published: at.published.clone(),
            what: what.into(),
            sent_by: self.directions.of(at.owner),
            breaks,
        });
    }

    fn events(&mut self, union: &'a EventUnion, told: &mut BTreeSet<&'a str>) {
        told.insert(&union.name);
        let (old, new) = (events(self.old, union), events(self.new, union));
        let from_server = union.direction == Direction::Server;
        for (value, payload) in &old {
            if !new.contains_key(value) {
                let at = self.event(union, payload);
                self.note(&at, format!("event `{value}` removed"), (true, from_server));
                if !self.new.definitions.contains_key(*payload) {
                    told.insert(payload);
                }
            }
        }
        for (value, payload) in &new {
            if !old.contains_key(value) {
                let at = self.event(union, payload);
                self.note(&at, format!("event `{value}` added"), (false, true));
                if !self.old.definitions.contains_key(*payload) {
                    told.insert(payload);
                }
            }
        }
    }

    fn event(&self, union: &'a EventUnion, payload: &str) -> At<'a> {
        At {
            path: union.name.clone(),
            published: self.places.get(payload).cloned(),
            owner: &union.name,
        }
    }

    fn at(&self, name: &'a str) -> At<'a> {
        At {
            path: name.to_owned(),
            published: self.places.get(name).cloned(),
            owner: name,
        }
    }

    fn definition(&mut self, name: &'a str, old: &'a Definition, new: &'a Definition) {
        if self.split.contains(name) {
            return;
        }
        let at = self.at(name);
        match (&old.upstream, &new.upstream) {
            (Some(was), Some(is)) if was != is => {
                self.note(
                    &at,
                    format!("published name changed: {was} -> {is}"),
                    (false, false),
                );
            }
            (None, Some(is)) => self.note(
                &at,
                format!("published as {is} now, was inline"),
                (false, false),
            ),
            (Some(was), None) => self.note(
                &at,
                format!("inline now, was published as {was}"),
                (false, false),
            ),
            _ => {}
        }
        let (old, new) = (&old.body, &new.body);
        let protocols = (self.old, self.new);
        self.shapes(&at, Shape::of_body(old), Shape::of_body(new), || {
            (
                body_in_words(protocols.0, old, Depth::Outline),
                body_in_words(protocols.1, new, Depth::Outline),
            )
        });
    }

    /// What is inline is told with the place that has it.
    fn type_added(&mut self, name: &'a str, definition: &'a Definition) {
        if definition.upstream.is_some() {
            let what = format!(
                "type added: {}",
                body_in_words(self.new, &definition.body, Depth::Full)
            );
            self.note(&self.at(name), what, (false, false));
        }
    }

    fn type_removed(&mut self, name: &'a str, definition: &'a Definition) {
        if let Some(upstream) = &definition.upstream {
            // Any other breaks those who use it there where it was used.
            let alone =
                self.rules.requests.contains(upstream) || self.rules.responses.contains(upstream);
            self.note(&self.at(name), "type removed", (alone, alone));
        }
    }

    pub(super) fn objects(&mut self, at: &At<'a>, old: &'a Object, new: &'a Object) {
        let only_clients = self.directions.of(at.owner) == SentBy::Clients;
        for (key, old_field) in &old.fields {
            let at = at.step(&format!(".{key}"));
            if let Some(new_field) = new.fields.get(key) {
                self.field(&at, old_field, new_field);
            } else {
                let what = format!(
                    "field removed, was {}",
                    field_text(self.old, old_field, Depth::Names)
                );
                let missed = old_field.required || !only_clients;
                self.note(&at, what, (only_clients || new.closed, missed));
            }
        }
        for (key, field) in &new.fields {
            if !old.fields.contains_key(key) {
                let what = format!("field added, {}", field_text(self.new, field, Depth::Full));
                self.note(
                    &at.step(&format!(".{key}")),
                    what,
                    (field.required, old.closed),
                );
            }
        }
        match (old.closed, new.closed) {
            (false, true) => self.note(at, "further fields are forbidden now", (true, false)),
            (true, false) => self.note(at, "further fields are allowed now", (false, true)),
            _ => {}
        }
    }

    fn field(&mut self, at: &At<'a>, old: &'a Field, new: &'a Field) {
        match (old.required, new.required) {
            (false, true) => self.note(at, "field is required now", (true, false)),
            (true, false) => self.note(at, "field is no longer required", (false, true)),
            _ => {}
        }
        match (old.nullable, new.nullable) {
            (false, true) => self.note(at, "may be null now", (false, true)),
            (true, false) => self.note(at, "may no longer be null", (true, false)),
            _ => {}
        }
        match (&old.default, &new.default) {
            (Some(was), Some(is)) if was != is => {
                let sent_by = self.directions.of(at.owner);
                let breaks = (sent_by != SentBy::Server, sent_by != SentBy::Clients);
                self.note(at, format!("default changed: {was} -> {is}"), breaks);
            }
            (None, Some(is)) => self.note(at, format!("default added: {is}"), (false, false)),
            (Some(was), None) => {
                self.note(at, format!("default removed, was {was}"), (false, false));
            }
            _ => {}
        }
        self.types(at, &old.ty, &new.ty);
    }
}

/// The events of a union: value of `type` to definition. None where the union is gone.
fn events<'a>(protocol: &'a Protocol, union: &EventUnion) -> BTreeMap<&'a str, &'a str> {
    let body = protocol
        .definitions
        .get(&union.name)
        .map(|definition| &definition.body);
    let members = match body {
        Some(Body::Union(union)) => union.members.as_slice(),
        _ => &[],
    };
    let events = members.iter().filter_map(|member| match &member.kind {
        MemberKind::Tagged { value, name } => Some((value.as_str(), name.as_str())),
        MemberKind::Literal(_) | MemberKind::Untagged(_) => None,
    });
    events.collect()
}

fn field_text(protocol: &Protocol, field: &Field, depth: Depth) -> String {
    let required = if field.required {
        "required"
    } else {
        "optional"
    };
    format!("{required}: {}", field_in_words(protocol, field, depth))
}
