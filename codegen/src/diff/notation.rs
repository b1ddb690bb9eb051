//! Types in a few characters. What the document names goes by its name, what it has inline is
//! written out.

use crate::model::{Body, Field, Member, MemberKind, Protocol, Type};
use crate::surface::type_text;

/// How far what is inline is written out; further in it goes by our name.
#[derive(Clone, Copy)]
pub(super) enum Depth {
    /// Not at all: enough for what the reader's schema has.
    Names,
    /// The type itself, its parts by name.
    Outline,
    /// All of it, within reason.
    Full,
}

/// `ty` as written for a reader.
pub(super) fn type_in_words(protocol: &Protocol, ty: &Type, depth: Depth) -> String {
    Notation::new(protocol, depth).ty(ty)
}

/// What a definition is.
pub(super) fn body_in_words(protocol: &Protocol, body: &Body, depth: Depth) -> String {
    Notation::new(protocol, depth).inside().body(body)
}

/// What a field holds.
pub(super) fn field_in_words(protocol: &Protocol, field: &Field, depth: Depth) -> String {
    Notation::new(protocol, depth).field(field)
}

#[derive(Clone, Copy)]
struct Notation<'a> {
    protocol: &'a Protocol,
    /// How many more definitions may be gone into.
    left: usize,
}

impl<'a> Notation<'a> {
    fn new(protocol: &'a Protocol, depth: Depth) -> Self {
        let left = match depth {
            Depth::Names => 0,
            Depth::Outline => 1,
            Depth::Full => 4,
        };
        Self { protocol, left }
    }

    fn inside(self) -> Self {
        Self {
            left: self.left.saturating_sub(1),
            ..self
        }
    }

    fn field(self, field: &Field) -> String {
        let null = if field.nullable { " | null" } else { "" };
        let default = field.default.as_ref();
        let default = default
            .map(|value| format!(" = {value}"))
            .unwrap_or_default();
        format!("{}{null}{default}", self.ty(&field.ty))
    }

    fn ty(self, ty: &Type) -> String {
        match ty {
            Type::Ref(name) => match self.protocol.definitions.get(name) {
                Some(inline) if inline.upstream.is_none() && self.left > 0 => {
                    self.inside().body(&inline.body)
                }
                _ => name.clone(),
            },
            Type::Array(array) => {
                // The surface's notation for the rest: its bounds stand behind the brackets.
                let outer = type_text(ty);
                let bounds = outer.strip_prefix(&format!("[{}]", type_text(&array.items)));
                format!("[{}]{}", self.ty(&array.items), bounds.unwrap_or_default())
            }
            Type::Map(values) => format!("{{{}}}", self.ty(values)),
            _ => type_text(ty),
        }
    }

    fn body(self, body: &Body) -> String {
        match body {
            Body::Object(object) => {
                let fields = object.fields.iter().map(|(key, field)| {
                    let absent = if field.required { "" } else { "?" };
                    format!("{key}{absent}: {}", self.field(field))
                });
                let open = if object.closed { "" } else { ".." };
                let fields = fields.chain((!open.is_empty()).then(|| open.to_owned()));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            Body::Enum(list) => {
                let values = list.values.iter().map(|value| format!("{value:?}"));
                let open = list.open.then(|| "string".to_owned());
                values.chain(open).collect::<Vec<_>>().join(" | ")
            }
            Body::Union(union) => {
                let members = union.members.iter().map(|member| self.member(member));
                members.collect::<Vec<_>>().join(" | ")
            }
        }
    }

    fn member(self, member: &Member) -> String {
        match &member.kind {
            MemberKind::Tagged { name, .. } => self.ty(&Type::Ref(name.clone())),
            MemberKind::Literal(value) => format!("{value:?}"),
            MemberKind::Untagged(ty) => self.ty(ty),
        }
    }
}
