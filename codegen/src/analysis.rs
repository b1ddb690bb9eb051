//! What several passes need to know about a protocol: tags, directions, sizes.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::model::{Body, Bounds, Field, MemberKind, Object, Protocol, Type, Union};
use crate::rules::{Direction, Rules};
use crate::structs::own_max_length;
use crate::texts;

/// A union of events, with its direction.
#[derive(Clone, Debug)]
pub(crate) struct EventUnion<'a> {
    pub(crate) name: &'a str,
    pub(crate) direction: Direction,
    /// Whether what the schema does not know is refused.
    pub(crate) strict: bool,
    /// The property that says which event it is.
    pub(crate) tag: &'a str,
    /// Put before the names of the handler traits, so that two protocols do not collide.
    pub(crate) prefix: &'a str,
    pub(crate) events: Vec<Event<'a>>,
}

/// One event of a union.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    pub(crate) variant: &'a str,
    /// The value of `type`.
    pub(crate) value: &'a str,
    /// The payload's definition.
    pub(crate) payload: &'a str,
}

/// The protocol with what was found out about it.
pub(crate) struct Analysis<'a> {
    pub(crate) protocol: &'a Protocol,
    pub(crate) unions: Vec<EventUnion<'a>>,
    /// Fields that are tags, by definition: the union writes them, the struct does not have them.
    tags: BTreeMap<&'a str, BTreeSet<&'a str>>,
    read_strictly: BTreeSet<&'a str>,
    read_openly: BTreeSet<&'a str>,
    /// Definitions for which the types of another protocol stand.
    shared: BTreeSet<&'a str>,
}

impl<'a> Analysis<'a> {
    pub(crate) fn new(protocol: &'a Protocol, rules: &'a Rules) -> Result<Self> {
        let mut analysis = Self {
            protocol,
            unions: Vec::new(),
            tags: BTreeMap::new(),
            read_strictly: BTreeSet::new(),
            read_openly: BTreeSet::new(),
            shared: BTreeSet::new(),
        };
        for rule in &rules.events {
            let union = protocol.union(&rule.name).ok_or_else(|| {
                Error::new(
                    &rule.name,
                    "sync.toml names it as a union of events, but it is none",
                )
            })?;
            let events =
                events(union).ok_or_else(|| Error::new(&rule.name, "each event must be tagged"))?;
            let reached = if rule.is_strict() {
                &mut analysis.read_strictly
            } else {
                &mut analysis.read_openly
            };
            reach(protocol, &rule.name, reached);
            analysis.unions.push(EventUnion {
                name: &rule.name,
                direction: rule.direction,
                strict: rule.is_strict(),
                tag: union.tag.as_deref().unwrap_or_default(),
                prefix: &rule.prefix,
                events,
            });
        }
        for (name, definition) in &protocol.definitions {
            let published = definition.upstream.as_ref();
            if published.is_some_and(|published| rules.requests.contains(published)) {
                reach(protocol, name, &mut analysis.read_strictly);
            }
            if published.is_some_and(|published| rules.responses.contains(published)) {
                reach(protocol, name, &mut analysis.read_openly);
            }
        }
        for definition in protocol.definitions.values() {
            if let Body::Union(Union {
                tag: Some(tag),
                members,
            }) = &definition.body
            {
                for member in members {
                    if let MemberKind::Tagged { name, .. } = &member.kind {
                        analysis.note_tag(name, tag);
                    }
                }
            }
        }
        Ok(analysis)
    }

    /// Has the types of `other` stand for all definitions that are the same in both.
    pub(crate) fn share_with(&mut self, other: &Analysis<'_>) {
        let mut known = BTreeMap::new();
        for name in self.protocol.definitions.keys() {
            self.is_same(name, other, &mut known);
        }
        let same = known.into_iter().filter(|(_, same)| *same);
        self.shared = same.map(|(name, _)| name).collect();
    }

    /// Whether a definition, with all it refers to, would become the same Rust in both protocols.
    fn is_same(
        &self,
        name: &'a str,
        other: &Analysis<'_>,
        known: &mut BTreeMap<&'a str, bool>,
    ) -> bool {
        if let Some(same) = known.get(name) {
            return *same;
        }
        let bodies = self
            .protocol
            .definitions
            .get(name)
            .zip(other.protocol.definitions.get(name));
        let is_event_union = self.unions.iter().any(|union| union.name == name);
        let mut same = !is_event_union
            && self.tags.get(name) == other.tags.get(name)
            && bodies.is_some_and(|(own, others)| {
                // Inside an event its direction is what counts: there the more open type will do.
                let is_as_strict = self.is_strict(name) == other.is_strict(name)
                    || (self.is_strict(name) && !self.is_event(name))
                    || matches!(&own.body, Body::Enum(list) if list.open);
                is_as_strict && bare(&own.body) == bare(&others.body)
            });
        if let Some((own, _)) = bodies {
            own.body
                .each_ref(&mut |next| same &= self.is_same(next, other, known));
        }
        known.insert(name, same);
        same
    }

    fn is_event(&self, name: &str) -> bool {
        let mut events = self.unions.iter().flat_map(|union| &union.events);
        events.any(|event| event.payload == name)
    }

    /// Whether the type of another protocol stands for this definition.
    pub(crate) fn is_shared(&self, name: &str) -> bool {
        self.shared.contains(name)
    }

    /// The definitions for which the types of another protocol stand.
    pub(crate) fn shared(&self) -> impl Iterator<Item = &'a str> {
        self.shared.iter().copied()
    }

    /// Those of them that what is generated here refers to, or has as an event.
    pub(crate) fn shared_and_used(&self) -> BTreeSet<&'a str> {
        let mut used = BTreeSet::new();
        for (name, definition) in &self.protocol.definitions {
            if !self.is_shared(name) {
                definition.body.each_ref(&mut |next| {
                    used.insert(next);
                });
            }
        }
        used.intersection(&self.shared).copied().collect()
    }

    fn note_tag(&mut self, name: &'a str, tag: &'a str) {
        match self
            .protocol
            .definitions
            .get(name)
            .map(|definition| &definition.body)
        {
            Some(Body::Union(union)) => {
                for member in &union.members {
                    if let MemberKind::Tagged { name, .. } = &member.kind {
                        self.note_tag(name, tag);
                    }
                }
            }
            _ => {
                self.tags.entry(name).or_default().insert(tag);
            }
        }
    }

    /// Whether `field` of `name` is written by the union around it.
    pub(crate) fn is_tag(&self, name: &str, field: &str) -> bool {
        self.tags.get(name).is_some_and(|tags| tags.contains(field))
    }

    /// Whether `name` comes only in what is read strictly: then an unknown field in it is a mistake.
    pub(crate) fn is_strict(&self, name: &str) -> bool {
        self.read_strictly.contains(name) && !self.read_openly.contains(name)
    }

    /// Whether the types alone refuse everything that the schema of `name` refuses, where it is read
    /// strictly or not.
    pub(crate) fn is_self_checking(&self, name: &str, strict: bool) -> bool {
        match self.protocol.definitions.get(name).map(|it| &it.body) {
            Some(Body::Object(object)) => {
                let mut fields = object.fields.iter();
                (self.is_strict(name) || !strict)
                    && fields.all(|(key, field)| {
                        self.is_tag(name, key) || self.is_field_self_checking(field, strict)
                    })
            }
            Some(Body::Enum(list)) => !strict || list.open || self.is_strict(name),
            Some(Body::Union(_)) | None => false,
        }
    }

    /// Whether a field is an object, neither absent nor `null`.
    pub(crate) fn is_whole_object(&self, field: &Field) -> bool {
        let Type::Ref(name) = &field.ty else {
            return false;
        };
        field.required && !field.nullable && self.protocol.object(name).is_some()
    }

    fn is_field_self_checking(&self, field: &Field, strict: bool) -> bool {
        match &field.ty {
            Type::Text(text) => texts::is_kept(field, text),
            Type::Integer(Bounds { minimum, maximum }) => {
                maximum.is_none() && matches!(minimum, None | Some(0))
            }
            Type::Number(bounds) => bounds.minimum.is_none() && bounds.maximum.is_none(),
            Type::Boolean | Type::AnyObject | Type::Any => true,
            // Of another one serde takes a list for the object.
            Type::Ref(name) => {
                let is_read_whole =
                    self.is_whole_object(field) || self.protocol.object(name).is_none();
                is_read_whole && self.is_self_checking(name, strict)
            }
            Type::Const(_) | Type::Array(_) | Type::Map(_) => false,
        }
    }

    /// Whether a member of a union is large enough to be put behind a `Box`: a union is as large
    /// as its largest member, and events are moved about.
    pub(crate) fn is_boxed(&self, name: &str) -> bool {
        const LARGEST: usize = 160;
        self.size(name) > LARGEST
    }

    /// About how many bytes a value of the definition takes.
    fn size(&self, name: &str) -> usize {
        match self
            .protocol
            .definitions
            .get(name)
            .map(|definition| &definition.body)
        {
            Some(Body::Object(object)) => self.size_of_object(name, object),
            Some(Body::Enum(_)) => 24,
            Some(Body::Union(union)) => union
                .members
                .iter()
                .map(|member| self.size_of_member(&member.kind))
                .max()
                .unwrap_or(0),
            None => 0,
        }
    }

    fn size_of_object(&self, name: &str, object: &Object) -> usize {
        object
            .fields
            .iter()
            .filter(|(key, _)| !self.is_tag(name, key))
            .map(|(_, field)| self.size_of_type(&field.ty))
            .sum()
    }

    fn size_of_member(&self, member: &MemberKind) -> usize {
        match member {
            MemberKind::Tagged { name, .. } if self.is_boxed(name) => 16,
            MemberKind::Tagged { name, .. } => 8 + self.size(name),
            MemberKind::Literal(_) => 8,
            MemberKind::Untagged(ty) => 8 + self.size_of_type(ty),
        }
    }

    fn size_of_type(&self, ty: &Type) -> usize {
        match ty {
            Type::Ref(name) => self.size(name),
            Type::Text(text)
                if text
                    .format
                    .as_deref()
                    .is_some_and(|format| format.ends_with("-id")) =>
            {
                16
            }
            Type::Boolean => 1,
            Type::Integer(_) | Type::Number(_) => 16,
            Type::AnyObject | Type::Any => 72,
            Type::Const(_) | Type::Text(_) | Type::Array(_) | Type::Map(_) => 24,
        }
    }
}

/// A definition without our words, and with the bounds that its Rust type keeps by itself.
fn bare(body: &Body) -> Body {
    let mut body = body.clone();
    if let Body::Object(object) = &mut body {
        for field in object.fields.values_mut() {
            field.description = None;
            if let Type::Text(text) = &mut field.ty {
                text.max_length = text.max_length.or_else(|| own_max_length(text));
            }
        }
    }
    body
}

fn events(union: &Union) -> Option<Vec<Event<'_>>> {
    let events = union.members.iter().map(|member| match &member.kind {
        MemberKind::Tagged { value, name } => Some(Event {
            variant: &member.variant,
            value,
            payload: name,
        }),
        _ => None,
    });
    events.collect()
}

fn reach<'a>(protocol: &'a Protocol, name: &'a str, reached: &mut BTreeSet<&'a str>) {
    if !reached.insert(name) {
        return;
    }
    if let Some(definition) = protocol.definitions.get(name) {
        definition
            .body
            .each_ref(&mut |next| reach(protocol, next, reached));
    }
}
