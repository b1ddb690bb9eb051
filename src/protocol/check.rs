//! Checks a JSON value against a shape, and finds the first fault and its place.
//!
//! Whatever the typed decoder refuses has to be refused here too, since this is
//! where its errors are explained.

use std::sync::{PoisonError, RwLock};

use regex_lite::Regex;
use serde_json::{Map, Number, Value};

use super::audio::is_valid_base64;
use super::error::{DecodeReason, JsonPath, JsonType, PathSegment};
use super::shape::{MemberShape, ObjectShape, Shape, UnionShape};

/// How to take what the published schemas do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Unknown fields and unknown enum values are refused, as by the service.
    Strict,
    /// Unknown fields and unknown enum values are let pass, as by a client that
    /// is older than the service. Unknown tags and literals of unions are not.
    Open,
}

/// What is wrong with a value, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where the fault is, from the value that was checked.
    pub path: JsonPath,
    /// What the fault is.
    pub reason: DecodeReason,
}

impl Violation {
    fn at_key(key: &str, reason: DecodeReason) -> Self {
        let path = JsonPath::from(key);
        Self { path, reason }
    }

    fn inside(mut self, segment: PathSegment) -> Self {
        self.path.prepend(segment);
        self
    }
}

impl From<DecodeReason> for Violation {
    fn from(reason: DecodeReason) -> Self {
        let path = JsonPath::default();
        Self { path, reason }
    }
}

/// Checks a value.
///
/// # Errors
///
/// The first fault: an object's fields are looked at in the order of the map,
/// and then whether any is missing.
pub fn check(value: &Value, shape: &Shape, mode: Mode) -> Result<(), Violation> {
    Checker { mode }.any(value, shape, None)
}

/// Checks a whole event, whose `tag` has been read to find its shape.
///
/// # Errors
///
/// As for [`check`].
pub(crate) fn check_event(
    event: &Map<String, Value>,
    shape: &ObjectShape,
    tag: &'static str,
    mode: Mode,
) -> Result<(), Violation> {
    let tags = Tags {
        name: tag,
        outer: None,
    };
    Checker { mode }.object(event, shape, Some(&tags))
}

/// The tags of an object that were read on the way to its shape.
struct Tags<'a> {
    name: &'static str,
    outer: Option<&'a Tags<'a>>,
}

fn has_tag(mut tags: Option<&Tags<'_>>, key: &str) -> bool {
    while let Some(tag) = tags {
        if tag.name == key {
            return true;
        }
        tags = tag.outer;
    }
    false
}

type Checked = Result<(), Violation>;

struct Checker {
    mode: Mode,
}

impl Checker {
    fn any(&self, value: &Value, shape: &Shape, tags: Option<&Tags<'_>>) -> Checked {
        match (shape, value) {
            (Shape::Any, _)
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Nullable(_), Value::Null) => Ok(()),
            (Shape::Nullable(inner), _) if accepts_type(inner, JsonType::of(value)) => {
                self.any(value, inner, tags)
            }
            (
                Shape::String {
                    min_length,
                    max_length,
                    pattern,
                },
                Value::String(text),
            ) => {
                characters(text, *min_length, *max_length)?;
                pattern.map_or(Ok(()), |pattern| matches(text, pattern))
            }
            (Shape::Audio, Value::String(text)) => base64(text),
            (Shape::Integer { minimum, maximum }, Value::Number(number)) => {
                integer(number, *minimum, *maximum)
            }
            (Shape::Number { minimum, maximum }, Value::Number(found)) => {
                number(found, *minimum, *maximum)
            }
            (Shape::Enum { values, open }, Value::String(text)) => {
                self.known_string(text, values, *open)
            }
            (
                Shape::Array {
                    items,
                    min_items,
                    max_items,
                },
                Value::Array(array),
            ) => {
                elements(array, *min_items, *max_items)?;
                self.array(array, items)
            }
            (Shape::Map { values }, Value::Object(map)) => self.map(map, values),
            (Shape::Object(object), Value::Object(map)) => self.object(map, object, tags),
            (Shape::Union(union), _) => self.union(value, union, tags),
            _ => Err(wrong_type(value, expected_types(shape))),
        }
    }

    fn known_string(&self, text: &str, values: &[&'static str], open: bool) -> Checked {
        if open || self.mode == Mode::Open || values.contains(&text) {
            return Ok(());
        }
        Err(not_in_enum(text, values.to_vec()).into())
    }

    fn array(&self, array: &[Value], items: &Shape) -> Checked {
        array.iter().enumerate().try_for_each(|(index, item)| {
            self.any(item, items, None)
                .map_err(|violation| violation.inside(PathSegment::Index(index)))
        })
    }

    fn map(&self, map: &Map<String, Value>, values: &Shape) -> Checked {
        map.iter()
            .try_for_each(|(key, value)| self.field(key, value, values))
    }

    fn object(
        &self,
        map: &Map<String, Value>,
        shape: &ObjectShape,
        tags: Option<&Tags<'_>>,
    ) -> Checked {
        for (key, value) in map {
            match shape.fields.iter().find(|field| field.name == key) {
                Some(field) => self.field(key, value, field.shape)?,
                None if self.mode == Mode::Open || has_tag(tags, key) => {}
                None => return Err(Violation::at_key(key, DecodeReason::UnknownField)),
            }
        }
        let mut required = shape.fields.iter().filter(|field| field.required);
        match required.find(|field| !map.contains_key(field.name)) {
            Some(field) => Err(Violation::at_key(field.name, DecodeReason::MissingField)),
            None => Ok(()),
        }
    }

    fn field(&self, key: &str, value: &Value, shape: &Shape) -> Checked {
        self.any(value, shape, None)
            .map_err(|violation| violation.inside(PathSegment::Key(key.to_owned())))
    }

    fn union(&self, value: &Value, union: &UnionShape, tags: Option<&Tags<'_>>) -> Checked {
        match (value, union.tag) {
            (Value::Object(map), Some(tag)) if has_tagged(union) => {
                self.tagged(map, value, union, tag, tags)
            }
            (Value::String(text), _) if literals(union).any(|literal| literal == text) => Ok(()),
            _ => self.untagged(value, union, tags),
        }
    }

    fn tagged(
        &self,
        map: &Map<String, Value>,
        value: &Value,
        union: &UnionShape,
        tag: &'static str,
        tags: Option<&Tags<'_>>,
    ) -> Checked {
        match map.get(tag) {
            Some(Value::String(text)) => match tagged_shape(union, text) {
                Some(shape) => {
                    let tags = Tags {
                        name: tag,
                        outer: tags,
                    };
                    self.any(value, shape, Some(&tags))
                }
                None => Err(Violation::at_key(
                    tag,
                    not_in_enum(text, tag_values(union).collect()),
                )),
            },
            Some(other) => {
                let violation = wrong_type(other, vec![JsonType::String]);
                Err(violation.inside(PathSegment::Key(tag.to_owned())))
            }
            // An object without the tag can still be one that has none.
            None if untagged_of_type(union, JsonType::Object).next().is_some() => {
                self.untagged(value, union, tags)
            }
            None => Err(Violation::at_key(tag, DecodeReason::MissingField)),
        }
    }

    /// Takes the members of the value's JSON type in turn. If none will do, it
    /// is the first one's fault: mostly there is only one.
    fn untagged(&self, value: &Value, union: &UnionShape, tags: Option<&Tags<'_>>) -> Checked {
        let mut first = None;
        for shape in untagged_of_type(union, JsonType::of(value)) {
            match self.any(value, shape, tags) {
                Ok(()) => return Ok(()),
                Err(violation) => first = first.or(Some(violation)),
            }
        }
        Err(first.unwrap_or_else(|| no_member(value, union)))
    }
}

/// Why a value is none of the members of a union.
fn no_member(value: &Value, union: &UnionShape) -> Violation {
    if let Value::String(text) = value
        && literals(union).next().is_some()
    {
        return not_in_enum(text, literals(union).collect()).into();
    }
    wrong_type(value, union_types(union))
}

fn has_tagged(union: &UnionShape) -> bool {
    tag_values(union).next().is_some()
}

fn tag_values(union: &UnionShape) -> impl Iterator<Item = &'static str> {
    union.members.iter().filter_map(|member| match member {
        MemberShape::Tagged { value, .. } => Some(*value),
        _ => None,
    })
}

fn tagged_shape(union: &UnionShape, text: &str) -> Option<&'static Shape> {
    union.members.iter().find_map(|member| match member {
        MemberShape::Tagged { value, shape } if *value == text => Some(*shape),
        _ => None,
    })
}

fn literals(union: &UnionShape) -> impl Iterator<Item = &'static str> {
    union.members.iter().filter_map(|member| match member {
        MemberShape::Literal(text) => Some(*text),
        _ => None,
    })
}

fn untagged_of_type(
    union: &UnionShape,
    json_type: JsonType,
) -> impl Iterator<Item = &'static Shape> {
    union.members.iter().filter_map(move |member| match member {
        MemberShape::Untagged(shape) if accepts_type(shape, json_type) => Some(*shape),
        _ => None,
    })
}

/// Whether a value of this JSON type can be of this shape.
fn accepts_type(shape: &Shape, json_type: JsonType) -> bool {
    let expected = expected_types(shape);
    expected.contains(&json_type)
        || (json_type == JsonType::Integer && expected.contains(&JsonType::Number))
}

/// The JSON types of values of this shape, each once.
fn expected_types(shape: &Shape) -> Vec<JsonType> {
    match shape {
        Shape::Any => vec![
            JsonType::Null,
            JsonType::Boolean,
            JsonType::Number,
            JsonType::String,
            JsonType::Array,
            JsonType::Object,
        ],
        Shape::Boolean => vec![JsonType::Boolean],
        Shape::String { .. } | Shape::Audio | Shape::Enum { .. } => vec![JsonType::String],
        Shape::Integer { .. } => vec![JsonType::Integer],
        Shape::Number { .. } => vec![JsonType::Number],
        Shape::Array { .. } => vec![JsonType::Array],
        Shape::Map { .. } | Shape::Object(_) => vec![JsonType::Object],
        Shape::Union(union) => union_types(union),
        Shape::Nullable(inner) => without_repeats(
            expected_types(inner)
                .into_iter()
                .chain(std::iter::once(JsonType::Null)),
        ),
    }
}

fn union_types(union: &UnionShape) -> Vec<JsonType> {
    without_repeats(union.members.iter().flat_map(|member| match member {
        MemberShape::Tagged { .. } => vec![JsonType::Object],
        MemberShape::Literal(_) => vec![JsonType::String],
        MemberShape::Untagged(shape) => expected_types(shape),
    }))
}

fn without_repeats(types: impl Iterator<Item = JsonType>) -> Vec<JsonType> {
    types.fold(Vec::new(), |mut once, json_type| {
        if !once.contains(&json_type) {
            once.push(json_type);
        }
        once
    })
}

fn wrong_type(value: &Value, expected: Vec<JsonType>) -> Violation {
    let found = JsonType::of(value);
    DecodeReason::WrongType { expected, found }.into()
}

fn not_in_enum(text: &str, supported: Vec<&'static str>) -> DecodeReason {
    let value = text.to_owned();
    DecodeReason::NotInEnum { value, supported }
}

fn characters(text: &str, minimum: Option<usize>, maximum: Option<usize>) -> Checked {
    let length = text.chars().count();
    match (minimum, maximum) {
        (Some(minimum), _) if length < minimum => {
            Err(DecodeReason::TooShort { minimum, length }.into())
        }
        (_, Some(maximum)) if length > maximum => {
            Err(DecodeReason::TooLong { maximum, length }.into())
        }
        _ => Ok(()),
    }
}

/// The expressions of all shapes, compiled when they are first met: they are few, and every slice of a
/// call's audio meets some.
static COMPILED: RwLock<Vec<(&str, Regex)>> = RwLock::new(Vec::new());

fn matches(text: &str, pattern: &'static str) -> Checked {
    let is_match = |known: &[(&str, Regex)]| {
        let (_, regex) = known.iter().find(|(known, _)| *known == pattern)?;
        Some(regex.is_match(text))
    };
    let known = is_match(&COMPILED.read().unwrap_or_else(PoisonError::into_inner));
    let is_match = known.or_else(|| {
        // The generator lets only those through that compile.
        let regex = Regex::new(pattern).ok()?;
        let mut known = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
        if known.iter().all(|(known, _)| *known != pattern) {
            known.push((pattern, regex));
        }
        is_match(&known)
    });
    if is_match == Some(false) {
        return Err(DecodeReason::PatternMismatch { pattern }.into());
    }
    Ok(())
}

fn elements(array: &[Value], minimum: Option<usize>, maximum: Option<usize>) -> Checked {
    let length = array.len();
    match (minimum, maximum) {
        (Some(minimum), _) if length < minimum => {
            Err(DecodeReason::TooFew { minimum, length }.into())
        }
        (_, Some(maximum)) if length > maximum => {
            Err(DecodeReason::TooMany { maximum, length }.into())
        }
        _ => Ok(()),
    }
}

fn base64(text: &str) -> Checked {
    if is_valid_base64(text) {
        return Ok(());
    }
    Err(DecodeReason::BadBase64.into())
}

/// An integer that is at least 0 and has no maximum is a `u64` in the types,
/// any other an `i64`.
fn integer(number: &Number, minimum: Option<i64>, maximum: Option<i64>) -> Checked {
    let signed = number.as_i64().map(i128::from);
    let Some(value) = signed.or_else(|| number.as_u64().map(i128::from)) else {
        let (expected, found) = (vec![JsonType::Integer], JsonType::Number);
        return Err(DecodeReason::WrongType { expected, found }.into());
    };
    let maximum = match (minimum, maximum) {
        (Some(0), None) => None,
        _ => Some(maximum.unwrap_or(i64::MAX)),
    };
    match (minimum, maximum) {
        (Some(minimum), _) if value < minimum.into() => {
            Err(DecodeReason::IntegerBelowMinimum { minimum, value }.into())
        }
        (_, Some(maximum)) if value > maximum.into() => {
            Err(DecodeReason::IntegerAboveMaximum { maximum, value }.into())
        }
        _ => Ok(()),
    }
}

fn number(number: &Number, minimum: Option<f64>, maximum: Option<f64>) -> Checked {
    match (number.as_f64(), minimum, maximum) {
        (Some(value), Some(minimum), _) if value < minimum => {
            Err(DecodeReason::NumberBelowMinimum { minimum, value }.into())
        }
        (Some(value), _, Some(maximum)) if value > maximum => {
            Err(DecodeReason::NumberAboveMaximum { maximum, value }.into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::FieldShape;
    use super::*;
    use serde_json::json;

    static STRING: Shape = Shape::String {
        min_length: None,
        max_length: None,
        pattern: None,
    };
    static INTEGER: Shape = Shape::Integer {
        minimum: None,
        maximum: None,
    };

    static INNER: ObjectShape = ObjectShape {
        name: "Inner",
        fields: &[
            FieldShape {
                name: "rate",
                required: true,
                shape: &INTEGER,
            },
            FieldShape {
                name: "text",
                required: false,
                shape: &Shape::Nullable(&STRING),
            },
        ],
    };

    static BY_ROLE: UnionShape = UnionShape {
        name: "Message",
        tag: Some("role"),
        members: &[
            MemberShape::Tagged {
                value: "user",
                shape: &Shape::Object(&INNER),
            },
            MemberShape::Tagged {
                value: "system",
                shape: &Shape::Object(&INNER),
            },
        ],
    };

    static BY_TYPE: Shape = Shape::Union(&UnionShape {
        name: "Item",
        tag: Some("type"),
        members: &[
            MemberShape::Tagged {
                value: "message",
                shape: &Shape::Union(&BY_ROLE),
            },
            MemberShape::Tagged {
                value: "inner",
                shape: &Shape::Object(&INNER),
            },
            MemberShape::Literal("auto"),
            MemberShape::Literal("none"),
        ],
    });

    static LIMIT: Shape = Shape::Union(&UnionShape {
        name: "Limit",
        tag: None,
        members: &[
            MemberShape::Untagged(&Shape::Integer {
                minimum: Some(1),
                maximum: Some(4096),
            }),
            MemberShape::Literal("inf"),
            MemberShape::Untagged(&Shape::Object(&INNER)),
        ],
    });

    #[track_caller]
    fn accept(value: &Value, shape: &Shape) {
        assert_eq!(check(value, shape, Mode::Strict), Ok(()));
        assert_eq!(check(value, shape, Mode::Open), Ok(()));
    }

    fn refusal(value: &Value, shape: &Shape, mode: Mode) -> (String, DecodeReason) {
        let violation = check(value, shape, mode).unwrap_err();
        (violation.path.to_string(), violation.reason)
    }

    #[track_caller]
    fn refuse(value: &Value, shape: &Shape, path: &str, reason: DecodeReason) {
        let expected = (path.to_owned(), reason);
        assert_eq!(refusal(value, shape, Mode::Strict), expected);
        assert_eq!(refusal(value, shape, Mode::Open), expected);
    }

    fn wrong(expected: &[JsonType], found: JsonType) -> DecodeReason {
        let expected = expected.to_vec();
        DecodeReason::WrongType { expected, found }
    }

    #[test]
    fn each_type_is_told_from_the_others() {
        let values = [json!(null), json!(true), json!("x"), json!([1]), json!({})];
        let shapes = [
            Shape::Boolean,
            STRING,
            Shape::Array {
                items: &Shape::Any,
                min_items: Some(0),
                max_items: None,
            },
            Shape::Map {
                values: &Shape::Any,
            },
        ];
        for (position, value) in values.iter().enumerate() {
            accept(value, &Shape::Any);
            for (other, shape) in shapes.iter().enumerate() {
                assert_eq!(
                    check(value, shape, Mode::Strict).is_ok(),
                    position == other + 1
                );
            }
        }
    }

    #[test]
    fn an_integer_has_no_fraction_not_even_zero() {
        accept(&json!(3), &INTEGER);
        for decimal in [json!(3.5), json!(3.0), json!(1e30)] {
            let reason = wrong(&[JsonType::Integer], JsonType::Number);
            refuse(&decimal, &INTEGER, "", reason);
        }
    }

    #[test]
    fn integers_beyond_the_type_are_refused_as_the_type_does() {
        let unsigned = Shape::Integer {
            minimum: Some(0),
            maximum: None,
        };
        for text in [
            "-9223372036854775809",
            "-9223372036854775808",
            "-1",
            "-0",
            "0",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1.0",
            "1e2",
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(
                check(&value, &INTEGER, Mode::Strict).is_ok(),
                serde_json::from_str::<i64>(text).is_ok(),
                "{text}"
            );
            assert_eq!(
                check(&value, &unsigned, Mode::Strict).is_ok(),
                serde_json::from_str::<u64>(text).is_ok(),
                "{text}"
            );
        }
        let reason = DecodeReason::IntegerAboveMaximum {
            maximum: i64::MAX,
            value: u64::MAX.into(),
        };
        refuse(&json!(u64::MAX), &INTEGER, "", reason);
    }

    #[test]
    fn numbers_are_kept_within_bounds() {
        let speed = Shape::Number {
            minimum: Some(0.25),
            maximum: Some(1.5),
        };
        accept(&json!(1), &speed);
        accept(&json!(0.25), &speed);
        accept(&json!(1.5), &speed);
        refuse(
            &json!(2),
            &speed,
            "",
            DecodeReason::NumberAboveMaximum {
                maximum: 1.5,
                value: 2.0,
            },
        );
        refuse(
            &json!(0.2),
            &speed,
            "",
            DecodeReason::NumberBelowMinimum {
                minimum: 0.25,
                value: 0.2,
            },
        );
        let reason = wrong(&[JsonType::Number], JsonType::String);
        refuse(&json!("1"), &speed, "", reason);
    }

    #[test]
    fn a_string_is_measured_in_characters() {
        let short = Shape::String {
            min_length: None,
            max_length: Some(2),
            pattern: None,
        };
        accept(&json!("éé"), &short);
        let reason = DecodeReason::TooLong {
            maximum: 2,
            length: 3,
        };
        refuse(&json!("ééé"), &short, "", reason);
    }

    #[test]
    fn audio_has_to_be_base64() {
        accept(&json!("AAEC"), &Shape::Audio);
        refuse(&json!("AAE"), &Shape::Audio, "", DecodeReason::BadBase64);
    }

    #[test]
    fn an_array_is_checked_element_by_element() {
        let array = Shape::Array {
            items: &INTEGER,
            min_items: Some(1),
            max_items: None,
        };
        accept(&json!([1, 2]), &array);
        let reason = DecodeReason::TooFew {
            minimum: 1,
            length: 0,
        };
        refuse(&json!([]), &array, "", reason);
        let reason = wrong(&[JsonType::Integer], JsonType::Null);
        refuse(&json!([1, null]), &array, "[1]", reason);
    }

    #[test]
    fn a_map_is_checked_value_by_value() {
        let map = Shape::Map { values: &STRING };
        accept(&json!({"a": "x"}), &map);
        let reason = wrong(&[JsonType::String], JsonType::Integer);
        refuse(&json!({"a": "x", "b": 1}), &map, "b", reason);
    }

    #[test]
    fn unknown_enum_values_pass_only_where_it_is_open() {
        let closed = Shape::Enum {
            values: &["a", "b"],
            open: false,
        };
        let open = Shape::Enum {
            values: &["a"],
            open: true,
        };
        accept(&json!("a"), &closed);
        accept(&json!("x"), &open);
        let reason = DecodeReason::NotInEnum {
            value: "x".to_owned(),
            supported: vec!["a", "b"],
        };
        assert_eq!(
            refusal(&json!("x"), &closed, Mode::Strict),
            (String::new(), reason)
        );
        assert_eq!(check(&json!("x"), &closed, Mode::Open), Ok(()));
    }

    #[test]
    fn unknown_fields_pass_only_in_open_mode() {
        let object = Shape::Object(&INNER);
        let value = json!({"rate": 1, "zzz": 2});
        assert_eq!(
            refusal(&value, &object, Mode::Strict),
            ("zzz".to_owned(), DecodeReason::UnknownField)
        );
        assert_eq!(check(&value, &object, Mode::Open), Ok(()));
    }

    #[test]
    fn a_field_that_is_there_is_looked_at_before_a_missing_one() {
        let object = Shape::Object(&INNER);
        let reason = wrong(&[JsonType::String, JsonType::Null], JsonType::Integer);
        refuse(&json!({"text": 1}), &object, "text", reason);
        refuse(&json!({}), &object, "rate", DecodeReason::MissingField);
    }

    #[test]
    fn tags_on_the_way_down_are_known_fields() {
        accept(&json!({"type": "inner", "rate": 1, "text": null}), &BY_TYPE);
        accept(
            &json!({"type": "message", "role": "user", "rate": 1}),
            &BY_TYPE,
        );
        let stray = json!({"type": "inner", "role": "user", "rate": 1});
        assert_eq!(
            refusal(&stray, &BY_TYPE, Mode::Strict),
            ("role".to_owned(), DecodeReason::UnknownField)
        );
    }

    #[test]
    fn a_bad_tag_is_pointed_at() {
        let items = Shape::Array {
            items: &BY_TYPE,
            min_items: Some(0),
            max_items: None,
        };
        refuse(
            &json!([{"type": "nope"}]),
            &items,
            "[0].type",
            DecodeReason::NotInEnum {
                value: "nope".to_owned(),
                supported: vec!["message", "inner"],
            },
        );
        refuse(
            &json!([{"type": "message", "role": "nope"}]),
            &items,
            "[0].role",
            DecodeReason::NotInEnum {
                value: "nope".to_owned(),
                supported: vec!["user", "system"],
            },
        );
        let missing = json!([{"type": "message"}]);
        refuse(&missing, &items, "[0].role", DecodeReason::MissingField);
        refuse(&json!([{}]), &items, "[0].type", DecodeReason::MissingField);
        let reason = wrong(&[JsonType::String], JsonType::Null);
        refuse(&json!([{"type": null}]), &items, "[0].type", reason);
    }

    #[test]
    fn a_literal_has_to_be_one_of_them() {
        accept(&json!("auto"), &BY_TYPE);
        refuse(
            &json!("nope"),
            &BY_TYPE,
            "",
            DecodeReason::NotInEnum {
                value: "nope".to_owned(),
                supported: vec!["auto", "none"],
            },
        );
        let reason = wrong(&[JsonType::Object, JsonType::String], JsonType::Integer);
        refuse(&json!(1), &BY_TYPE, "", reason);
    }

    #[test]
    fn an_untagged_member_is_chosen_by_type() {
        accept(&json!(1), &LIMIT);
        accept(&json!("inf"), &LIMIT);
        accept(&json!({"rate": 1}), &LIMIT);
        refuse(
            &json!(5000),
            &LIMIT,
            "",
            DecodeReason::IntegerAboveMaximum {
                maximum: 4096,
                value: 5000,
            },
        );
        refuse(
            &json!(0),
            &LIMIT,
            "",
            DecodeReason::IntegerBelowMinimum {
                minimum: 1,
                value: 0,
            },
        );
        refuse(
            &json!({"rate": "x"}),
            &LIMIT,
            "rate",
            wrong(&[JsonType::Integer], JsonType::String),
        );
        let all = [JsonType::Integer, JsonType::String, JsonType::Object];
        refuse(&json!(null), &LIMIT, "", wrong(&all, JsonType::Null));
        refuse(&json!(1.5), &LIMIT, "", wrong(&all, JsonType::Number));
    }

    #[test]
    fn an_untagged_string_is_taken_when_no_literal_is() {
        static VOICE: UnionShape = UnionShape {
            name: "Voice",
            tag: None,
            members: &[
                MemberShape::Literal("alloy"),
                MemberShape::Untagged(&Shape::String {
                    min_length: None,
                    max_length: Some(3),
                    pattern: None,
                }),
                MemberShape::Untagged(&STRING),
            ],
        };
        accept(&json!("alloy"), &Shape::Union(&VOICE));
        accept(&json!("my-own"), &Shape::Union(&VOICE));
    }

    #[test]
    fn an_object_without_the_tag_can_be_the_untagged_member() {
        static TRACING: UnionShape = UnionShape {
            name: "Tracing",
            tag: Some("type"),
            members: &[
                MemberShape::Tagged {
                    value: "inner",
                    shape: &Shape::Object(&INNER),
                },
                MemberShape::Untagged(&Shape::Object(&INNER)),
            ],
        };
        accept(&json!({"rate": 1}), &Shape::Union(&TRACING));
        accept(
            &json!({"type": "inner", "rate": 1}),
            &Shape::Union(&TRACING),
        );
    }

    #[test]
    fn null_passes_only_where_it_is_nullable() {
        accept(&json!(null), &Shape::Nullable(&LIMIT));
        let nullable = Shape::Nullable(&INTEGER);
        accept(&json!(1), &nullable);
        let both = [JsonType::Integer, JsonType::Null];
        refuse(&json!("x"), &nullable, "", wrong(&both, JsonType::String));
        let reason = wrong(&[JsonType::Integer], JsonType::Null);
        refuse(&json!(null), &INTEGER, "", reason);
    }

    #[test]
    fn the_type_of_an_event_is_a_known_field() {
        let event = json!({"type": "x", "rate": 1});
        let map = event.as_object().unwrap();
        assert_eq!(check_event(map, &INNER, "type", Mode::Strict), Ok(()));
    }
}
