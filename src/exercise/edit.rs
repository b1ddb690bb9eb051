//! Places in an event, and what is done there.

use serde_json::Value;

use crate::protocol::{JsonPath, PathSegment};

/// A value that is put somewhere, or taken away.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    pub(super) path: JsonPath,
    pub(super) value: Option<Value>,
}

impl Edit {
    /// Does it, as far as there is something to do it to.
    pub(super) fn apply(&self, event: &mut Value) {
        let Some((last, outer)) = self.path.segments().split_last() else {
            return;
        };
        let Some(within) = lookup_mut(event, outer) else {
            return;
        };
        match (within, last, &self.value) {
            (Value::Object(object), PathSegment::Key(key), Some(value)) => {
                object.insert(key.clone(), value.clone());
            }
            (Value::Object(object), PathSegment::Key(key), None) => {
                object.shift_remove(key);
            }
            (Value::Array(array), PathSegment::Index(index), Some(value)) => {
                if let Some(place) = array.get_mut(*index) {
                    *place = value.clone();
                } else {
                    array.push(value.clone());
                }
            }
            _ => {}
        }
    }
}

pub(super) fn key(name: &str) -> PathSegment {
    PathSegment::Key(name.to_owned())
}

/// The key that a path ends with.
pub(super) fn name(path: &[PathSegment]) -> &str {
    match path.last() {
        Some(PathSegment::Key(name)) => name,
        _ => "",
    }
}

pub(super) fn lookup<'a>(value: &'a Value, path: &[PathSegment]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        PathSegment::Key(key) => value.get(key),
        PathSegment::Index(index) => value.get(index),
    })
}

pub(super) fn lookup_mut<'a>(value: &'a mut Value, path: &[PathSegment]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        PathSegment::Key(key) => value.get_mut(key),
        PathSegment::Index(index) => value.get_mut(*index),
    })
}
