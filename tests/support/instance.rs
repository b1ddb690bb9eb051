//! Random JSON of a shape: valid, or spoilt in one known way.

use mock_realtime::protocol::{MemberShape, ObjectShape, Shape, UnionShape};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

/// Makes values from a seed.
pub(crate) struct Instances(Xoshiro256PlusPlus);

impl Instances {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end.max(1) as u64).unwrap()
    }

    /// An event of the given type and shape, its `type` first.
    pub(crate) fn event(&mut self, event_type: &str, shape: &ObjectShape) -> Value {
        self.event_tagged("type", event_type, shape)
    }

    /// An event of the given type and shape, its type first, under this name.
    pub(crate) fn event_tagged(
        &mut self,
        tag: &str,
        event_type: &str,
        shape: &ObjectShape,
    ) -> Value {
        let mut event = Map::new();
        event.insert(tag.to_owned(), json!(event_type));
        self.fields(shape, &mut event);
        Value::Object(event)
    }

    pub(crate) fn value(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Any => json!({ "any": [1, null, "x"] }),
            Shape::Boolean => json!(self.below(2) == 0),
            Shape::String {
                pattern: Some(pattern),
                ..
            } => {
                let known = ["tunnel_0123456789abcdef0123456789abcdef", "42", "#"];
                let letters = ["^t", "]+$", "]$"];
                let place = letters.iter().position(|letters| pattern.contains(letters));
                json!(known[place.unwrap()])
            }
            Shape::String {
                min_length,
                max_length,
                ..
            } => {
                let most = max_length.unwrap_or(20).min(20);
                let length = min_length.unwrap_or(0).max(self.below(most + 1));
                json!("aé\"\\z".chars().cycle().take(length).collect::<String>())
            }
            Shape::Audio => json!(["", "AAEC", "//8=", "AA=="][self.below(4)]),
            Shape::Integer { minimum, maximum } => {
                let (low, high) = bounds(*minimum, *maximum, -5, 100_000);
                json!(
                    low + i64::try_from(self.below(usize::try_from(high - low + 1).unwrap()))
                        .unwrap()
                )
            }
            Shape::Number { minimum, maximum } => {
                let (low, high) = (minimum.unwrap_or(-2.0), maximum.unwrap_or(1000.0));
                json!([low, high, f64::midpoint(low, high)][self.below(3)])
            }
            Shape::Enum { values, open } if *open && self.below(4) == 0 => {
                json!(format!("{}-new", values[0]))
            }
            Shape::Enum { values, .. } => json!(values[self.below(values.len())]),
            Shape::Array {
                items,
                min_items,
                max_items,
            } => {
                let most = max_items.unwrap_or(3).min(3);
                let length = min_items.unwrap_or(0).max(self.below(most + 1));
                (0..length).map(|_| self.value(items)).collect()
            }
            Shape::Map { values } => (0..self.below(3))
                .map(|n| (format!("key {n}"), self.value(values)))
                .collect(),
            Shape::Object(object) => {
                let mut map = Map::new();
                self.fields(object, &mut map);
                Value::Object(map)
            }
            Shape::Union(union) => self.member(union),
            Shape::Nullable(_) if self.below(3) == 0 => Value::Null,
            Shape::Nullable(inner) => self.value(inner),
        }
    }

    fn fields(&mut self, object: &ObjectShape, map: &mut Map<String, Value>) {
        for field in object.fields {
            if field.required || self.below(2) == 0 {
                map.insert(field.name.to_owned(), self.value(field.shape));
            }
        }
    }

    fn member(&mut self, union: &UnionShape) -> Value {
        match &union.members[self.below(union.members.len())] {
            MemberShape::Literal(text) => json!(text),
            MemberShape::Untagged(shape) => self.value(shape),
            MemberShape::Tagged { value, shape } => {
                let Value::Object(rest) = self.value(shape) else {
                    panic!("a tagged member is an object")
                };
                let tag = (union.tag.unwrap().to_owned(), json!(value));
                // The tag comes first, last or between: no order is promised.
                let before = self.below(rest.len() + 1);
                let (head, tail): (Vec<_>, Vec<_>) = rest
                    .into_iter()
                    .enumerate()
                    .partition(|(index, _)| *index < before);
                let entries = head.into_iter().map(|(_, entry)| entry);
                entries
                    .chain([tag])
                    .chain(tail.into_iter().map(|(_, entry)| entry))
                    .collect()
            }
        }
    }
}

fn bounds(minimum: Option<i64>, maximum: Option<i64>, low: i64, high: i64) -> (i64, i64) {
    match (minimum, maximum) {
        (Some(minimum), Some(maximum)) => (minimum, maximum),
        (Some(minimum), None) => (minimum, minimum.max(high)),
        (None, Some(maximum)) => (low.min(maximum), maximum),
        (None, None) => (low, high),
    }
}

/// All places in a value, as JSON pointers.
pub(crate) fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(n, item)| walk(item, &format!("{at}/{n}"), found));
            }
            Value::Object(map) => {
                for (key, item) in map {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    walk(item, &format!("{at}/{key}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}
