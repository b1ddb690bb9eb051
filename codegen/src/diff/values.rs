//! Two versions of a type.

use super::Breaks;
use super::compare::{At, Comparison};
use super::matching;
use super::notation::{Depth, type_in_words};
use super::shape::{Shape, Strings, targets};
use crate::model::{Array, Bounds, Member, MemberKind, Protocol, Text, Type, Union};

impl<'a> Comparison<'a> {
    pub(super) fn types(&mut self, at: &At<'a>, old: &'a Type, new: &'a Type) {
        if let Some((old, new)) = targets((self.old, old), (self.new, new)) {
            self.references(at, old, new);
            return;
        }
        let protocols = (self.old, self.new);
        let shapes = (Shape::of(self.old, old), Shape::of(self.new, new));
        if let (Some(old_shape), Some(new_shape)) = shapes {
            self.shapes(at, old_shape, new_shape, || {
                (
                    type_in_words(protocols.0, old, Depth::Outline),
                    type_in_words(protocols.1, new, Depth::Outline),
                )
            });
        }
    }

    /// One definition where another, or the same, was used.
    fn references(&mut self, at: &At<'a>, old: &'a str, new: &'a str) {
        // The same one is told at the definition itself, once for all that use it.
        if old == new && !self.split.contains(old) || self.within.contains(&(old, new)) {
            return;
        }
        let (Some(was), Some(is)) = (self.old.definitions.get(old), self.new.definitions.get(new))
        else {
            return;
        };
        let before = self.changes.len();
        self.within.push((old, new));
        let protocols = (self.old, self.new);
        self.shapes(
            at,
            Shape::of_body(&was.body),
            Shape::of_body(&is.body),
            || {
                let words = |protocol: &Protocol, name: &str| {
                    type_in_words(protocol, &Type::Ref(name.to_owned()), Depth::Outline)
                };
                (words(protocols.0, old), words(protocols.1, new))
            },
        );
        self.within.pop();
        if old != new && was.upstream.is_some() && is.upstream.is_some() {
            // One published type in place of another is one change; what it breaks is the sum.
            let parts = self.changes.split_off(before);
            let breaks = |group| parts.iter().any(|change| change.breaks.contains(&group));
            let breaks = (breaks(Breaks::Senders), breaks(Breaks::Receivers));
            self.note(at, format!("type changed: {old} -> {new}"), breaks);
        }
    }

    /// `words` are the notations of both, for a change that is not to be told in parts.
    pub(super) fn shapes(
        &mut self,
        at: &At<'a>,
        old: Shape<'a>,
        new: Shape<'a>,
        words: impl FnOnce() -> (String, String),
    ) {
        match (old, new) {
            (Shape::Object(old), Shape::Object(new)) => self.objects(at, old, new),
            (Shape::Strings(old), Shape::Strings(new)) => self.strings(at, old, new),
            (Shape::Union(old), Shape::Union(new)) => self.unions(at, old, new),
            (Shape::Text(old), Shape::Text(new)) => self.texts(at, old, new),
            (Shape::Integer(old), Shape::Integer(new)) => {
                self.range(at, ["minimum", "maximum"], old, new);
            }
            (Shape::Number(old), Shape::Number(new)) => {
                self.range(at, ["minimum", "maximum"], old, new);
            }
            (Shape::Array(old), Shape::Array(new)) => self.arrays(at, old, new),
            (Shape::Map(old), Shape::Map(new)) => self.types(&at.step("{}"), old, new),
            (Shape::Boolean, Shape::Boolean)
            | (Shape::AnyObject, Shape::AnyObject)
            | (Shape::Any, Shape::Any) => {}
            _ if self.lone_member(at, old, new) => {}
            _ => {
                let wider = new.takes(&old, [self.new, self.old]);
                let narrower = old.takes(&new, [self.old, self.new]);
                let (was, is) = words();
                self.note(
                    at,
                    format!("type changed: {was} -> {is}"),
                    (!wider, !narrower),
                );
            }
        }
    }

    fn strings(&mut self, at: &At<'a>, old: Strings<'a>, new: Strings<'a>) {
        for value in old.values {
            if !new.values.contains(value) {
                self.note(at, format!("value {value:?} removed"), (!new.open, false));
            }
        }
        for value in new.values {
            if !old.values.contains(value) {
                self.note(at, format!("value {value:?} added"), (false, !old.open));
            }
        }
        match (old.open, new.open) {
            (false, true) => self.note(at, "any other string is allowed now", (false, true)),
            (true, false) => self.note(at, "only the listed values are allowed now", (true, false)),
            _ => {}
        }
    }

    fn unions(&mut self, at: &At<'a>, old: &'a Union, new: &'a Union) {
        if let (Some(was), Some(is)) = (&old.tag, &new.tag)
            && was != is
        {
            self.note(
                at,
                format!("told apart by `{is}` now, was by `{was}`"),
                (true, true),
            );
        }
        let members = matching::members((self.old, old), (self.new, new));
        for (label, member) in &members.removed {
            self.member_removed(at, label, member);
        }
        for (label, member) in &members.added {
            self.member_added(at, label, member);
        }
        for (label, old, new) in members.both {
            let at = at.step(&format!("[{label}]"));
            match (&old.kind, &new.kind) {
                (MemberKind::Tagged { name: old, .. }, MemberKind::Tagged { name: new, .. }) => {
                    self.references(&at, old, new);
                }
                (MemberKind::Untagged(old), MemberKind::Untagged(new)) => self.types(&at, old, new),
                _ => {}
            }
        }
    }

    fn member_removed(&mut self, at: &At<'a>, label: &str, member: &Member) {
        let words = member_in_words(self.old, label, member, Depth::Names);
        self.note(at, format!("{words} removed"), (true, false));
    }

    fn member_added(&mut self, at: &At<'a>, label: &str, member: &Member) {
        let words = member_in_words(self.new, label, member, Depth::Full);
        self.note(at, format!("{words} added"), (false, true));
    }

    /// A union of which one tagged object is left, or one that grew out of such an object: told
    /// by the members that went or came. Says whether it is one.
    fn lone_member(&mut self, at: &At<'a>, old: Shape<'a>, new: Shape<'a>) -> bool {
        let (union, object, grown) = match (old, new) {
            (Shape::Union(union), Shape::Object(object)) => (union, object, false),
            (Shape::Object(object), Shape::Union(union)) => (union, object, true),
            _ => return false,
        };
        let (of_union, of_object) = if grown {
            (self.new, self.old)
        } else {
            (self.old, self.new)
        };
        let Some(known) = matching::member_like(of_union, union, of_object, object) else {
            return false;
        };
        let members = matching::labelled(of_union, union).into_iter();
        for (label, member) in members.filter(|(label, _)| label != known.value) {
            if grown {
                self.member_added(at, &label, member);
            } else {
                self.member_removed(at, &label, member);
            }
        }
        let at = at.step(&format!("[{}]", known.value));
        let before = self.changes.len();
        if grown {
            self.objects(&at, object, known.object);
        } else {
            self.objects(&at, known.object, object);
        }
        // What becomes of the tag follows from that.
        let tag = at.step(&format!(".{}", known.tag));
        let inside = self.changes.split_off(before).into_iter();
        self.changes
            .extend(inside.filter(|change| !tag.is_of(change)));
        true
    }

    fn texts(&mut self, at: &At<'a>, old: &Text, new: &Text) {
        let format = |text: &Text| {
            if text.base64 {
                Some("base64".to_owned())
            } else {
                text.format.clone()
            }
        };
        self.rule(at, "format", format(old), format(new));
        self.rule(at, "pattern", old.pattern.clone(), new.pattern.clone());
        let lengths = |text: &Text| Bounds {
            minimum: text.min_length,
            maximum: text.max_length,
        };
        self.range(at, ["minLength", "maxLength"], lengths(old), lengths(new));
    }

    fn arrays(&mut self, at: &At<'a>, old: &'a Array, new: &'a Array) {
        let items = |array: &Array| Bounds {
            minimum: array.min_items,
            maximum: array.max_items,
        };
        self.range(at, ["minItems", "maxItems"], items(old), items(new));
        self.types(&at.step("[]"), &old.items, &new.items);
    }

    /// What strings must look like: a new rule may refuse what was right, without the old one
    /// anything may come.
    fn rule(&mut self, at: &At<'a>, keyword: &str, old: Option<String>, new: Option<String>) {
        if old != new {
            let breaks = (new.is_some(), old.is_some());
            self.note(at, changed(keyword, old, new), breaks);
        }
    }

    fn range<N>(&mut self, at: &At<'a>, [least, most]: [&str; 2], old: Bounds<N>, new: Bounds<N>)
    where
        N: Copy + PartialOrd + ToString,
    {
        let tighter = |old: Option<N>, new: Option<N>, is: fn(&N, &N) -> bool| match (old, new) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(old), Some(new)) => is(&new, &old),
        };
        if old.minimum != new.minimum {
            let tighter = tighter(old.minimum, new.minimum, N::gt);
            self.note(
                at,
                changed(least, old.minimum, new.minimum),
                (tighter, !tighter),
            );
        }
        if old.maximum != new.maximum {
            let tighter = tighter(old.maximum, new.maximum, N::lt);
            self.note(
                at,
                changed(most, old.maximum, new.maximum),
                (tighter, !tighter),
            );
        }
    }
}

fn changed<T: ToString>(keyword: &str, old: Option<T>, new: Option<T>) -> String {
    match (old, new) {
        (Some(old), Some(new)) => format!(
            "{keyword} changed: {} -> {}",
            old.to_string(),
            new.to_string()
        ),
        (None, Some(new)) => format!("{keyword} added: {}", new.to_string()),
        (Some(old), None) => format!("{keyword} removed, was {}", old.to_string()),
        (None, None) => keyword.to_owned(),
    }
}

fn member_in_words(protocol: &Protocol, label: &str, member: &Member, depth: Depth) -> String {
    match &member.kind {
        MemberKind::Literal(value) => format!("value {value:?}"),
        MemberKind::Tagged { name, .. } => {
            format!(
                "member `{label}` ({})",
                type_in_words(protocol, &Type::Ref(name.clone()), depth)
            )
        }
        MemberKind::Untagged(ty) => format!("member {}", type_in_words(protocol, ty, depth)),
    }
}
