//! JSON of which only a part is given, against a whole.

use std::fmt;

use serde_json::Value;

use crate::protocol::{JsonPath, PathSegment};

/// The longest value that is shown whole.
const LONGEST: usize = 120;

/// A place where the whole is not what the part says.
pub(super) struct Difference<'a> {
    path: JsonPath,
    expected: &'a Value,
    /// What is there, if something is.
    found: Option<&'a Value>,
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, expected, .. } = self;
        match self.found {
            Some(found) => write!(f, "{path}: expected {expected}, found {}", shown(found)),
            None => write!(f, "{path}: expected {expected}, found nothing"),
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// All places where `found` is not what `expected` says. Objects may have more fields than are
/// expected; lists have as many elements. `3` and `3.0` are one number.
pub(super) fn differences<'a>(expected: &'a Value, found: &'a Value) -> Vec<Difference<'a>> {
    let mut comparison = Comparison::default();
    comparison.compare(expected, Some(found));
    comparison.differences
}

#[derive(Default)]
struct Comparison<'a> {
    /// Where it is.
    path: Vec<PathSegment>,
    differences: Vec<Difference<'a>>,
}

impl<'a> Comparison<'a> {
    fn compare(&mut self, expected: &'a Value, found: Option<&'a Value>) {
        match (expected, found) {
            (Value::Object(expected), Some(Value::Object(found))) => {
                for (key, expected) in expected {
                    let segment = PathSegment::Key(key.clone());
                    self.inside(segment, expected, found.get(key));
                }
            }
            (Value::Array(expected), Some(Value::Array(found)))
                if expected.len() == found.len() =>
            {
                for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                    self.inside(PathSegment::Index(index), expected, Some(found));
                }
            }
            (Value::Number(expected), Some(Value::Number(found)))
                if expected.as_f64() == found.as_f64() => {}
            _ if Some(expected) == found => {}
            _ => self.differences.push(Difference {
                path: self.path.iter().cloned().collect(),
                expected,
                found,
            }),
        }
    }

    fn inside(&mut self, segment: PathSegment, expected: &'a Value, found: Option<&'a Value>) {
        self.path.push(segment);
        self.compare(expected, found);
        self.path.pop();
    }
}
