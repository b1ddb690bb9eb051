//! The observed schema, as what varies events sees it: what a value may be, and an example of it.

use std::sync::LazyLock;

use serde_json::{Map, Number, Value, json};

use crate::protocol::realtime::OBSERVED_SCHEMA;

use super::Sessions;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(OBSERVED_SCHEMA).unwrap_or_default());

/// Where the definitions are.
const DEFINITIONS: &str = "$defs";

/// Examples end here: schemas may hold themselves.
const DEEPEST: usize = 8;

/// A schema, with the name of the definition it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    value: &'static Value,
    /// The name of the last definition that was entered; what is written inline has none of its own.
    pub(super) name: &'static str,
}

/// What a schema says of a value.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Null, or this.
    Nullable(Schema),
    Object(Object),
    /// An object with any keys.
    Map(Option<Schema>),
    Array {
        items: Schema,
        may_be_empty: bool,
    },
    /// One of several, told apart by a tag or by being what they are.
    Union {
        tag: Option<&'static str>,
        members: Vec<Member>,
    },
    /// This very value.
    Constant(&'static Value),
    /// One of these strings and no other.
    Closed(Vec<&'static str>),
    /// Any string, of which some are known.
    Open(Vec<&'static str>),
    /// The name by which something is known.
    Id,
    /// Base64.
    Audio,
    /// Text of which only some is allowed.
    Fixed,
    Text,
    Integer {
        minimum: i64,
        maximum: i64,
    },
    Number {
        minimum: f64,
        maximum: f64,
    },
    Boolean,
    Any,
}

/// An object with known fields.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

/// A member of a union.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    /// The value of the tag, if it is told apart by one.
    pub(super) tag: Option<&'static str>,
    pub(super) schema: Schema,
}

impl Schema {
    /// A definition.
    pub(super) fn of(name: &str) -> Option<Self> {
        let (name, value) = DOCUMENT[DEFINITIONS].as_object()?.get_key_value(name)?;
        Some(Self { value, name })
    }

    /// The definition of a server event, by its type.
    pub(super) fn of_event(sessions: Sessions, event_type: &str) -> Option<Self> {
        let union = Self::of(match sessions {
            Sessions::Conversations | Sessions::Transcriptions => "ServerEvent",
            Sessions::Translations => "TranslationServerEvent",
        })?;
        let Form::Union { members, .. } = union.form() else {
            return None;
        };
        let mut members = members.into_iter();
        let event = members.find(|member| member.tag == Some(event_type))?;
        Some(event.schema.resolved())
    }

    fn inline(self, value: &'static Value) -> Self {
        Self { value, ..self }
    }

    /// The definition that this one refers to, if it does.
    pub(super) fn resolved(self) -> Self {
        let named = self.value["$ref"].as_str();
        let definition = named.and_then(|path| Self::of(path.rsplit('/').next()?));
        definition.map_or(self, Self::resolved)
    }

    /// What it says.
    pub(super) fn form(self) -> Form {
        let here = self.resolved();
        let value = here.value;
        if let Some(constant) = value.get("const") {
            return Form::Constant(constant);
        }
        if let Some(members) = value["anyOf"].as_array() {
            return here.nullable(members);
        }
        if let Some(members) = value["oneOf"].as_array() {
            return here.union(members);
        }
        match value["type"].as_str() {
            Some("object") => here.object(),
            Some("array") => Form::Array {
                items: here.inline(&value["items"]),
                may_be_empty: value["minItems"].as_u64().is_none_or(|least| least == 0),
            },
            Some("string") => here.string(),
            Some("integer") => Form::Integer {
                minimum: value["minimum"].as_i64().unwrap_or(0),
                maximum: value["maximum"].as_i64().unwrap_or(MOST_EXACT),
            },
            Some("number") => Form::Number {
                minimum: value["minimum"].as_f64().unwrap_or(0.0),
                maximum: value["maximum"].as_f64().unwrap_or(f64::MAX),
            },
            Some("boolean") => Form::Boolean,
            _ => Form::Any,
        }
    }

    fn nullable(self, members: &'static [Value]) -> Form {
        let mut others = members.iter().filter(|member| member["type"] != "null");
        others
            .next()
            .map_or(Form::Any, |other| Form::Nullable(self.inline(other)))
    }

    fn union(self, members: &'static [Value]) -> Form {
        let member = |value: &'static Value| Member {
            name: value["x-variant"].as_str().unwrap_or_default(),
            tag: value["x-tag-value"].as_str(),
            schema: self.inline(value),
        };
        Form::Union {
            tag: self.value["x-tag"].as_str(),
            members: members.iter().map(member).collect(),
        }
    }

    fn object(self) -> Form {
        let Some(properties) = self.value["properties"].as_object() else {
            let values = self.value.get("additionalProperties");
            let values = values.filter(|values| values.is_object());
            return Form::Map(values.map(|values| self.inline(values)));
        };
        let required = self.value["required"].as_array();
        let is_required =
            |name: &str| required.is_some_and(|required| required.iter().any(|it| it == name));
        let field = |(name, schema): (&'static String, &'static Value)| Field {
            name,
            required: is_required(name),
            schema: self.inline(schema),
        };
        Form::Object(Object {
            fields: properties.iter().map(field).collect(),
        })
    }

    fn string(self) -> Form {
        let strings = |keyword: &str| -> Option<Vec<&'static str>> {
            let values = self.value[keyword].as_array()?;
            Some(values.iter().filter_map(Value::as_str).collect())
        };
        if let Some(values) = strings("enum") {
            return Form::Closed(values);
        }
        if let Some(values) = strings("x-known-values") {
            return Form::Open(values);
        }
        if self.value.get("contentEncoding").is_some() {
            return Form::Audio;
        }
        match self.value["format"].as_str() {
            Some(format) if format.ends_with("-id") => Form::Id,
            Some(_) => Form::Fixed,
            None if self.value.get("pattern").is_some() => Form::Fixed,
            None => Form::Text,
        }
    }

    /// A value that is valid and has all there may be, but for ids: those would name things that are
    /// not there.
    pub(super) fn example(self) -> Option<Value> {
        self.example_within(0)
    }

    fn example_within(self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        let depth = depth + 1;
        Some(match self.form() {
            Form::Nullable(other) => other.example_within(depth)?,
            Form::Constant(value) => value.clone(),
            Form::Closed(values) | Form::Open(values) => json!(values.first()?),
            Form::Text => json!("text"),
            Form::Audio => json!("AAAA"),
            Form::Boolean => json!(true),
            Form::Integer { minimum, .. } => json!(minimum),
            Form::Number { minimum, maximum } => json!((minimum + 0.5).min(maximum)),
            Form::Map(None) | Form::Any => json!({ "key": "value" }),
            Form::Map(Some(values)) => json!({ "key": values.example_within(depth)? }),
            Form::Array { items, .. } => json!([items.example_within(depth)?]),
            Form::Union { tag, members } => members
                .iter()
                .filter_map(|member| member.example_within(tag, depth))
                .max_by_key(Value::is_object)?,
            Form::Object(object) => object.example(depth)?,
            Form::Id | Form::Fixed => return None,
        })
    }

    /// The member of a union that a value is.
    pub(super) fn member(tag: Option<&str>, members: &[Member], value: &Value) -> Option<Member> {
        if let Some(tag) = tag.and_then(|tag| value.get(tag)) {
            let tagged = |member: &&Member| member.tag.is_some_and(|it| tag == it);
            return members.iter().find(tagged).copied();
        }
        let fits = |member: &&Member| member.tag.is_none() && member.schema.fits(value);
        members.iter().find(fits).copied()
    }

    /// Whether a value is of the JSON type that this asks for, and the same where it asks for one.
    fn fits(self, value: &Value) -> bool {
        match self.form() {
            Form::Constant(constant) => constant == value,
            Form::Closed(values) => value.as_str().is_some_and(|it| values.contains(&it)),
            Form::Open(_) | Form::Id | Form::Audio | Form::Fixed | Form::Text => value.is_string(),
            Form::Integer { .. } | Form::Number { .. } => value.is_number(),
            Form::Boolean => value.is_boolean(),
            Form::Array { .. } => value.is_array(),
            Form::Object(_) | Form::Map(_) => value.is_object(),
            Form::Union { tag, members } => Self::member(tag, &members, value).is_some(),
            Form::Nullable(other) => value.is_null() || other.fits(value),
            Form::Any => true,
        }
    }
}

/// The largest whole number that every reader of JSON can hold, as RFC 7493 has it.
pub(super) const MOST_EXACT: i64 = (1 << 53) - 1;

impl Member {
    pub(super) fn example(self, tag: Option<&str>) -> Option<Value> {
        self.example_within(tag, 0)
    }

    fn example_within(self, tag: Option<&str>, depth: usize) -> Option<Value> {
        let mut example = self.schema.example_within(depth)?;
        if let (Some(key), Some(value)) = (tag, self.tag)
            && let Some(object) = example.as_object_mut()
        {
            object.insert(key.to_owned(), json!(value));
        }
        Some(example)
    }
}

impl Object {
    fn example(&self, depth: usize) -> Option<Value> {
        let mut example = Map::new();
        for field in &self.fields {
            match field.schema.example_within(depth) {
                Some(value) => {
                    example.insert(field.name.to_owned(), value);
                }
                None if field.required => return None,
                None => {}
            }
        }
        Some(Value::Object(example))
    }
}

/// A number of the JSON type that an integer has.
pub(super) fn integer(value: i64) -> Value {
    Value::Number(Number::from(value))
}
