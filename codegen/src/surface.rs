//! The surface: one line an event and one a type, for whoever reviews a change of the schema.

use std::fmt::Write;

use crate::analysis::Analysis;
use crate::model::{Body, Bounds, Enum, Field, MemberKind, Object, Type, Union};
use crate::rules::Direction;

/// The text of `*.surface.txt`.
pub(crate) fn surface(analysis: &Analysis<'_>) -> String {
    let mut text = String::from(
        "# Events and types as generated, one line each. Written by `cargo xtask codegen`; do not edit.\n",
    );
    for union in &analysis.unions {
        let direction = match union.direction {
            Direction::Client => "client",
            Direction::Server => "server",
        };
        let _ = writeln!(text, "\n# {}: {} events", union.name, union.events.len());
        for event in &union.events {
            let _ = writeln!(text, "{direction} {} {}", event.value, event.payload);
        }
    }
    text.push_str("\n# Types; `?` may be absent, `| null` may be null\n");
    let events = |name: &str| analysis.unions.iter().any(|union| union.name == name);
    for (name, definition) in &analysis.protocol.definitions {
        if events(name) {
            continue;
        }
        let body = match &definition.body {
            Body::Object(object) => object_line(analysis, name, object),
            Body::Enum(list) => enum_line(list),
            Body::Union(union) => union_line(union),
        };
        let _ = writeln!(text, "{name} = {body}");
    }
    text
}

fn object_line(analysis: &Analysis<'_>, name: &str, object: &Object) -> String {
    let fields = object
        .fields
        .iter()
        .filter(|(key, _)| !analysis.is_tag(name, key));
    let fields: Vec<String> = fields.map(|(key, field)| field_text(key, field)).collect();
    let strict = if analysis.is_strict(name) { "" } else { ", .." };
    format!("{{ {}{strict} }}", fields.join(", "))
}

fn field_text(key: &str, field: &Field) -> String {
    let absent = if field.required { "" } else { "?" };
    let null = if field.nullable { " | null" } else { "" };
    format!("{key}{absent}: {}{null}", type_text(&field.ty))
}

fn enum_line(list: &Enum) -> String {
    let values: Vec<String> = list
        .values
        .iter()
        .map(|value| format!("{value:?}"))
        .collect();
    let open = if list.open { " | string" } else { "" };
    format!("{}{open}", values.join(" | "))
}

fn union_line(union: &Union) -> String {
    let members = union
        .members
        .iter()
        .map(|member| match (&member.kind, &union.tag) {
            (MemberKind::Tagged { value, name }, Some(tag)) => format!("{name} [{tag}: {value}]"),
            (MemberKind::Tagged { name, .. }, None) => name.clone(),
            (MemberKind::Literal(value), _) => format!("{value:?}"),
            (MemberKind::Untagged(ty), _) => type_text(ty),
        });
    members.collect::<Vec<_>>().join(" | ")
}

/// A type in a few characters.
pub(crate) fn type_text(ty: &Type) -> String {
    match ty {
        Type::Ref(name) => name.clone(),
        Type::Const(value) => format!("{value:?}"),
        Type::Text(text) => {
            let kind = if text.base64 {
                "base64"
            } else {
                text.format.as_deref().unwrap_or("string")
            };
            let pattern = text
                .pattern
                .as_ref()
                .map(|pattern| format!(" /{pattern}/"))
                .unwrap_or_default();
            format!("{kind}{}{pattern}", range(text.min_length, text.max_length))
        }
        Type::Integer(Bounds { minimum, maximum }) => {
            format!("integer{}", range(*minimum, *maximum))
        }
        Type::Number(Bounds { minimum, maximum }) => format!("number{}", range(*minimum, *maximum)),
        Type::Boolean => "boolean".to_owned(),
        Type::Array(array) => format!(
            "[{}]{}",
            type_text(&array.items),
            range(array.min_items, array.max_items)
        ),
        Type::Map(values) => format!("{{{}}}", type_text(values)),
        Type::AnyObject => "object".to_owned(),
        Type::Any => "any".to_owned(),
    }
}

fn range<N: ToString>(least: Option<N>, most: Option<N>) -> String {
    if least.is_none() && most.is_none() {
        return String::new();
    }
    let side = |bound: Option<N>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    format!("({}..{})", side(least), side(most))
}
