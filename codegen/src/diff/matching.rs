//! What in the old version belongs to what in the new one.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::{Shape, Strings, targets};
use crate::model::{Body, Member, MemberKind, Object, Protocol, Type, Union};

/// The members of two versions of a union.
pub(super) struct Members<'a> {
    /// In both, with how they are told apart.
    pub(super) both: Vec<(String, &'a Member, &'a Member)>,
    pub(super) removed: Vec<(String, &'a Member)>,
    pub(super) added: Vec<(String, &'a Member)>,
}

/// Brings the members of two versions of a union together.
pub(super) fn members<'a>(
    old: (&'a Protocol, &'a Union),
    new: (&'a Protocol, &'a Union),
) -> Members<'a> {
    let old = labelled(old.0, old.1);
    let mut added = labelled(new.0, new.1);
    let mut members = Members {
        both: Vec::new(),
        removed: Vec::new(),
        added: Vec::new(),
    };
    let mut unmatched = Vec::new();
    for (label, member) in old {
        match added
            .iter()
            .position(|(other, new)| *other == label && same_kind(member, new))
        {
            Some(index) => members.both.push((label, member, added.remove(index).1)),
            None => unmatched.push((label, member)),
        }
    }
    // The same object under another tag: its own tag field tells that.
    for (label, member) in unmatched {
        let name = tagged_name(member);
        match added
            .iter()
            .position(|(_, other)| name.is_some() && tagged_name(other) == name)
        {
            Some(index) => members.both.push((label, member, added.remove(index).1)),
            None => members.removed.push((label, member)),
        }
    }
    members.added = added;
    members
}

fn same_kind(old: &Member, new: &Member) -> bool {
    std::mem::discriminant(&old.kind) == std::mem::discriminant(&new.kind)
}

fn tagged_name(member: &Member) -> Option<&str> {
    match &member.kind {
        MemberKind::Tagged { name, .. } => Some(name),
        MemberKind::Literal(_) | MemberKind::Untagged(_) => None,
    }
}

/// The members of a union, each with how it is told apart.
pub(super) fn labelled<'a>(protocol: &'a Protocol, union: &'a Union) -> Vec<(String, &'a Member)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let members = union.members.iter().map(|member| {
        let label = match &member.kind {
            MemberKind::Tagged { value, .. } => value.clone(),
            MemberKind::Literal(value) => format!("{value:?}"),
            MemberKind::Untagged(ty) => {
                let kind = Shape::of(protocol, ty).map_or("nothing", |shape| shape.json_type());
                kind.to_owned()
            }
        };
        let times = seen.entry(label.clone()).or_default();
        *times += 1;
        match times {
            1 => (label, member),
            times => (format!("{label} {times}"), member),
        }
    });
    members.collect()
}

/// A tagged member of a union.
pub(super) struct Tagged<'a> {
    pub(super) tag: &'a str,
    pub(super) value: &'a str,
    pub(super) object: &'a Object,
}

/// The member of `union` that has the tag of `object`.
pub(super) fn member_like<'a>(
    of_union: &'a Protocol,
    union: &'a Union,
    of_object: &Protocol,
    object: &Object,
) -> Option<Tagged<'a>> {
    let tag = union.tag.as_deref()?;
    let Shape::Strings(Strings {
        values: [value],
        open: false,
    }) = Shape::of(of_object, &object.fields.get(tag)?.ty)?
    else {
        return None;
    };
    union.members.iter().find_map(|member| match &member.kind {
        MemberKind::Tagged { value: own, name } if own == value => Some(Tagged {
            tag,
            value: own,
            object: of_union.object(name)?,
        }),
        _ => None,
    })
}

/// The inline definitions whose name stands for different things in different places of the two
/// versions: they have to be compared place by place instead of once.
pub(super) fn split<'a>(old: &'a Protocol, new: &'a Protocol) -> BTreeSet<&'a str> {
    let mut pairs = Pairs {
        old,
        new,
        seen: BTreeSet::new(),
    };
    for name in old.definitions.keys() {
        if let Some((other, _)) = new.definitions.get_key_value(name) {
            pairs.definitions(name, other);
        }
    }
    let inline = |name: &str, protocol: &Protocol| {
        let definition = protocol.definitions.get(name);
        definition.is_some_and(|definition| definition.upstream.is_none())
    };
    let different = pairs.seen.iter().filter(|(old, new)| old != new);
    different
        .flat_map(|(old, new)| [*old, *new])
        .filter(|name| inline(name, old) && inline(name, new))
        .collect()
}

/// Walks both versions side by side and notes which definition stands where which stood.
struct Pairs<'a> {
    old: &'a Protocol,
    new: &'a Protocol,
    seen: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Pairs<'a> {
    fn definitions(&mut self, old: &'a str, new: &'a str) {
        if !self.seen.insert((old, new)) {
            return;
        }
        let same_name = old == new;
        let (Some(old), Some(new)) = (self.old.definitions.get(old), self.new.definitions.get(new))
        else {
            return;
        };
        // One published definition in place of another is a change as a whole.
        if !same_name && old.upstream.is_some() && new.upstream.is_some() {
            return;
        }
        match (&old.body, &new.body) {
            (Body::Object(old), Body::Object(new)) => {
                for (key, old) in &old.fields {
                    if let Some(new) = new.fields.get(key) {
                        self.types(&old.ty, &new.ty);
                    }
                }
            }
            (Body::Union(old), Body::Union(new)) => {
                for (_, old, new) in members((self.old, old), (self.new, new)).both {
                    match (&old.kind, &new.kind) {
                        (
                            MemberKind::Tagged { name: old, .. },
                            MemberKind::Tagged { name: new, .. },
                        ) => self.definitions(old, new),
                        (MemberKind::Untagged(old), MemberKind::Untagged(new)) => {
                            self.types(old, new);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn types(&mut self, old: &'a Type, new: &'a Type) {
        match (old, new) {
            (Type::Array(old), Type::Array(new)) => self.types(&old.items, &new.items),
            (Type::Map(old), Type::Map(new)) => self.types(old, new),
            _ => {
                if let Some((old, new)) = targets((self.old, old), (self.new, new)) {
                    self.definitions(old, new);
                }
            }
        }
    }
}
