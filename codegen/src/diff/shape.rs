//! One form for what can be said in two: a constant is a list of one string, a union of one
//! tagged object is that object.

use crate::model::{Array, Body, Bounds, MemberKind, Object, Protocol, Text, Type, Union};

/// What a type comes down to.
#[derive(Clone, Copy)]
pub(super) enum Shape<'a> {
    Object(&'a Object),
    Strings(Strings<'a>),
    Union(&'a Union),
    Text(&'a Text),
    Integer(Bounds<i64>),
    Number(Bounds<f64>),
    Boolean,
    Array(&'a Array),
    Map(&'a Type),
    AnyObject,
    Any,
}

/// A list of strings, open where any other string may come too.
#[derive(Clone, Copy)]
pub(super) struct Strings<'a> {
    pub(super) values: &'a [String],
    pub(super) open: bool,
}

/// The definitions two types refer to. Where the names differ, a union of one counts as what is
/// in it: one made for an object that got a tag changes nothing on the wire.
pub(super) fn targets<'a>(
    (old_protocol, old): (&'a Protocol, &'a Type),
    (new_protocol, new): (&'a Protocol, &'a Type),
) -> Option<(&'a str, &'a str)> {
    let (Type::Ref(old), Type::Ref(new)) = (old, new) else {
        return None;
    };
    if old == new {
        return Some((old, new));
    }
    Some((
        only_member(old_protocol, old).unwrap_or(old),
        only_member(new_protocol, new).unwrap_or(new),
    ))
}

fn only_member<'a>(protocol: &'a Protocol, name: &str) -> Option<&'a str> {
    let definition = protocol.definitions.get(name)?;
    match &definition.body {
        Body::Union(union) if definition.upstream.is_none() => match union.members.as_slice() {
            [only] => match &only.kind {
                MemberKind::Tagged { name, .. } => Some(name),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

impl<'a> Shape<'a> {
    /// What `ty` comes down to; `None` where it refers to nothing that is defined.
    pub(super) fn of(protocol: &'a Protocol, ty: &'a Type) -> Option<Self> {
        Some(match ty {
            Type::Ref(name) => {
                let name = only_member(protocol, name).unwrap_or(name);
                Self::of_body(&protocol.definitions.get(name)?.body)
            }
            Type::Const(value) => Self::Strings(Strings {
                values: std::slice::from_ref(value),
                open: false,
            }),
            Type::Text(text) => Self::Text(text),
            Type::Integer(bounds) => Self::Integer(*bounds),
            Type::Number(bounds) => Self::Number(*bounds),
            Type::Boolean => Self::Boolean,
            Type::Array(array) => Self::Array(array),
            Type::Map(values) => Self::Map(values),
            Type::AnyObject => Self::AnyObject,
            Type::Any => Self::Any,
        })
    }

    pub(super) fn of_body(body: &'a Body) -> Self {
        match body {
            Body::Object(object) => Self::Object(object),
            Body::Enum(list) => Self::Strings(Strings {
                values: &list.values,
                open: list.open,
            }),
            Body::Union(union) => Self::Union(union),
        }
    }

    /// What it is in JSON, in one word.
    pub(super) fn json_type(&self) -> &'static str {
        match self {
            Self::Object(_) | Self::Map(_) | Self::AnyObject => "object",
            Self::Strings(_) | Self::Text(_) => "string",
            Self::Union(_) => "choice",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Boolean => "boolean",
            Self::Array(_) => "array",
            Self::Any => "any",
        }
    }

    /// Whether each value of `other` is one of this type too, as far as can be told simply: a
    /// `false` may be wrong, a `true` is not. `protocols` are this one's and the other's.
    pub(super) fn takes(&self, other: &Shape<'_>, protocols: [&Protocol; 2]) -> bool {
        match (self, other) {
            (Self::Text(any), Shape::Strings(_)) => **any == Text::default(),
            (Self::Strings(list), Shape::Text(_)) => list.open,
            (Self::Number(wide), Shape::Integer(narrow)) => holds(*wide, *narrow),
            (Self::Any, _) | (Self::AnyObject, Shape::Object(_) | Shape::Map(_)) => true,
            (Self::Union(union), Shape::Strings(list)) => {
                union.members.iter().any(|member| {
                    untagged(member, protocols[0]).is_some_and(|own| own.takes(other, protocols))
                }) || !list.open && list.values.iter().all(|value| has_literal(union, value))
            }
            (Self::Union(union), _) => union.members.iter().any(|member| {
                untagged(member, protocols[0])
                    .is_some_and(|own| own.same(other) || own.takes(other, protocols))
            }),
            _ => false,
        }
    }

    /// Whether both are the same without a look at other definitions.
    fn same(&self, other: &Shape<'_>) -> bool {
        match (self, other) {
            (Self::Object(a), Shape::Object(b)) => a == b,
            (Self::Text(a), Shape::Text(b)) => a == b,
            (Self::Integer(a), Shape::Integer(b)) => a == b,
            (Self::Number(a), Shape::Number(b)) => a == b,
            (Self::Array(a), Shape::Array(b)) => a == b,
            (Self::Map(a), Shape::Map(b)) => a == b,
            (Self::Boolean, Shape::Boolean)
            | (Self::AnyObject, Shape::AnyObject)
            | (Self::Any, Shape::Any) => true,
            _ => false,
        }
    }
}

fn untagged<'a>(member: &'a crate::model::Member, protocol: &'a Protocol) -> Option<Shape<'a>> {
    match &member.kind {
        MemberKind::Untagged(ty) => Shape::of(protocol, ty),
        MemberKind::Tagged { .. } | MemberKind::Literal(_) => None,
    }
}

fn has_literal(union: &Union, value: &str) -> bool {
    union
        .members
        .iter()
        .any(|member| matches!(&member.kind, MemberKind::Literal(literal) if literal == value))
}

fn holds(wide: Bounds<f64>, narrow: Bounds<i64>) -> bool {
    // Bounds in a schema are far below the 2^53 up to which this is exact.
    #[allow(clippy::cast_precision_loss, reason = "see above")]
    let float = |bound: Option<i64>| bound.map(|bound| bound as f64);
    let least = wide
        .minimum
        .is_none_or(|wide| float(narrow.minimum).is_some_and(|narrow| narrow >= wide));
    let most = wide
        .maximum
        .is_none_or(|wide| float(narrow.maximum).is_some_and(|narrow| narrow <= wide));
    least && most
}
