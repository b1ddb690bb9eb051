//! What can be said of all of an event at once: which fields it could have, could do without, and
//! what it counts.

use serde_json::{Value, json};

use crate::protocol::{JsonPath, PathSegment};

use super::edit::{Edit, key, name};
use super::schema::{Form, MOST_EXACT, Schema};

/// Optional fields that the service always sends, because what it says would be another thing without
/// them, or would not add up.
pub(super) const ALWAYS_THERE: &[&str] = &[
    "audio_tokens",
    "delta",
    "output",
    "status",
    "status_details",
    "text_tokens",
    "type",
];

/// What says what an event is and where it belongs.
pub(super) const TIED: &[&str] = &[
    "id", "object", "event", "status", "model", "name", "output", "content",
];

/// The event with all fields that may be there, and something in the arrays.
pub(super) fn filled(schema: Schema, value: &Value, name: &str) -> Value {
    let is_tied = TIED.contains(&name);
    match schema.form() {
        Form::Nullable(other) if value.is_null() && !is_tied => {
            other.example().unwrap_or(Value::Null)
        }
        Form::Nullable(other) => filled(other, value, name),
        Form::Object(object) => {
            let mut all = value.clone();
            for field in object.fields {
                let there = value.get(field.name);
                let new = match there {
                    Some(there) => Some(filled(field.schema, there, field.name)),
                    None if TIED.contains(&field.name) => None,
                    None => field.schema.example(),
                };
                if let (Some(object), Some(new)) = (all.as_object_mut(), new) {
                    object.insert(field.name.to_owned(), new);
                }
            }
            all
        }
        Form::Array { items, .. } => match value.as_array() {
            Some(array) if !array.is_empty() => {
                array.iter().map(|value| filled(items, value, "")).collect()
            }
            _ if is_tied => value.clone(),
            _ => items
                .example()
                .map_or_else(|| value.clone(), |it| json!([it])),
        },
        Form::Union { tag, members } => match Schema::member(tag, &members, value) {
            Some(member) => filled(member.schema, value, name),
            None => value.clone(),
        },
        _ => value.clone(),
    }
}

/// What one value has and the other does not, the outermost of it.
pub(super) fn additions(
    before: &Value,
    after: &Value,
    path: &mut Vec<PathSegment>,
    found: &mut Vec<Edit>,
) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, after) in after {
                path.push(key(name));
                match before.get(name) {
                    Some(before) => additions(before, after, path, found),
                    None => found.push(Edit {
                        path: path.iter().cloned().collect(),
                        value: Some(after.clone()),
                    }),
                }
                path.pop();
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (index, after) in after.iter().enumerate() {
                path.push(PathSegment::Index(index));
                match before.get(index) {
                    Some(before) => additions(before, after, path, found),
                    None => found.push(Edit {
                        path: path.iter().cloned().collect(),
                        value: Some(after.clone()),
                    }),
                }
                path.pop();
            }
        }
        _ => {}
    }
}

/// The fields of an event that need not be there.
pub(super) fn optional(
    schema: Schema,
    value: &Value,
    path: &mut Vec<PathSegment>,
    found: &mut Vec<Edit>,
) {
    match schema.form() {
        Form::Nullable(other) if !value.is_null() => optional(other, value, path, found),
        Form::Object(object) => {
            for field in object.fields {
                let Some(value) = value.get(field.name) else {
                    continue;
                };
                path.push(key(field.name));
                if field.required || remains(field.schema, path) {
                    optional(field.schema, value, path, found);
                } else {
                    found.push(Edit {
                        path: path.iter().cloned().collect(),
                        value: None,
                    });
                }
                path.pop();
            }
        }
        Form::Array { items, .. } => {
            for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                path.push(PathSegment::Index(index));
                optional(items, value, path, found);
                path.pop();
            }
        }
        Form::Union { tag, members } => {
            if let Some(member) = Schema::member(tag, &members, value) {
                optional(member.schema, value, path, found);
            }
        }
        _ => {}
    }
}

/// The whole numbers of an event that count something, and can be as many as they like.
pub(super) fn integers(
    schema: Schema,
    value: &Value,
    path: &mut Vec<PathSegment>,
    found: &mut Vec<(JsonPath, i64)>,
) {
    match schema.form() {
        Form::Nullable(other) if !value.is_null() => integers(other, value, path, found),
        Form::Object(object) => {
            for field in object.fields {
                if let Some(value) = value.get(field.name) {
                    path.push(key(field.name));
                    integers(field.schema, value, path, found);
                    path.pop();
                }
            }
        }
        Form::Array { items, .. } => {
            for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                path.push(PathSegment::Index(index));
                integers(items, value, path, found);
                path.pop();
            }
        }
        Form::Union { tag, members } => {
            if let Some(member) = Schema::member(tag, &members, value) {
                integers(member.schema, value, path, found);
            }
        }
        Form::Integer { maximum, .. } if maximum == MOST_EXACT && counts(name(path)) => {
            if let Some(number) = value.as_i64() {
                found.push((path.iter().cloned().collect(), number));
            }
        }
        _ => {}
    }
}

/// Whether a number counts what there may be much of: not times within an hour, nor places in a list.
fn counts(name: &str) -> bool {
    !(name.ends_with("_index") || name.ends_with("_ms") || name.ends_with("rate"))
}

/// Whether the service always sends a field, though it is optional.
pub(super) fn remains(schema: Schema, path: &[PathSegment]) -> bool {
    let form = match schema.form() {
        Form::Nullable(other) => other.form(),
        form => form,
    };
    matches!(form, Form::Id | Form::Constant(_)) || ALWAYS_THERE.contains(&name(path))
}
