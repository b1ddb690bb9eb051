//! Whether an event was read as it was sent.

use serde_json::Value;

use crate::protocol::{JsonPath, PathSegment};

use super::report::Outcome;

/// The first difference between what was sent and what was read of it. A field that is not read is
/// none where it is null, and one beside what was sent is none at all: a client may have defaults.
pub(crate) fn difference(sent: &Value, read: &Value) -> Option<Outcome> {
    let mut path = Vec::new();
    let (sent, read) = differ(sent, Some(read), &mut path)?;
    Some(Outcome::ReadOtherwise {
        path: path.into_iter().collect::<JsonPath>().to_string(),
        sent: shown(sent),
        read: read.map_or_else(|| "nothing".to_owned(), shown),
    })
}

fn differ<'a>(
    sent: &'a Value,
    read: Option<&'a Value>,
    path: &mut Vec<PathSegment>,
) -> Option<(&'a Value, Option<&'a Value>)> {
    let different = match (sent, read) {
        (Value::Null, None) => false,
        (Value::Object(sent), Some(Value::Object(read))) => {
            return sent.iter().find_map(|(key, value)| {
                path.push(PathSegment::Key(key.clone()));
                let found = differ(value, read.get(key), path);
                if found.is_none() {
                    path.pop();
                }
                found
            });
        }
        (Value::Array(sent), Some(Value::Array(read))) if sent.len() == read.len() => {
            return sent.iter().enumerate().find_map(|(index, value)| {
                path.push(PathSegment::Index(index));
                let found = differ(value, read.get(index), path);
                if found.is_none() {
                    path.pop();
                }
                found
            });
        }
        // Whole numbers may be written with a fraction of nothing, and others without.
        (Value::Number(sent), Some(Value::Number(read))) => sent.as_f64() != read.as_f64(),
        (sent, Some(read)) => sent != read,
        (_, None) => true,
    };
    different.then_some((sent, read))
}

/// A value, or its beginning.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
