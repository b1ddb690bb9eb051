//! Frames against the schema, as published or as observed.

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

use crate::expect::Direction;
use crate::protocol::realtime::{
    ClientEventKind, OBSERVED_SCHEMA, PUBLISHED_SCHEMA, ServerEventKind,
    TranslationClientEventKind, TranslationServerEventKind,
};
use crate::protocol::{EventKind, beta};

use super::Violation;
use super::rules::{FRAME_EVENT, FRAME_FIELD, FRAME_MISSING, FRAME_TYPE, FRAME_VALUE, Rule};

/// What frames have to look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schema {
    /// As OpenAI's document has it. The real service breaks it here and there.
    Published,
    /// With what the real service was seen to do: what programs have to bear.
    #[default]
    Observed,
    /// The dialect before GA, as its servers were seen to speak it. Rules of order are for GA alone.
    Beta,
}

static PUBLISHED: LazyLock<Validators> = LazyLock::new(|| Validators::of(PUBLISHED_SCHEMA));
static OBSERVED: LazyLock<Validators> = LazyLock::new(|| Validators::of(OBSERVED_SCHEMA));
static BETA: LazyLock<BetaValidators> = LazyLock::new(BetaValidators::new);

/// Holds a frame against the schema as observed; see [`Schema::violations`].
pub fn validate(by: Direction, frame: &Value) -> Vec<Violation> {
    Schema::Observed.violations(by, frame)
}

impl Schema {
    /// All that is wrong with a frame: fields that are missing or not known, values of a wrong type
    /// or beyond their bounds, events that nobody knows.
    ///
    /// ```
    /// use mock_realtime::conformance::Schema;
    /// use mock_realtime::expect::Direction;
    /// use serde_json::json;
    ///
    /// let frame = json!({ "type": "response.cancel", "response_id": 7, "why": "enough" });
    /// let wrong: Vec<String> = Schema::Observed
    ///     .violations(Direction::Client, &frame)
    ///     .iter()
    ///     .map(|violation| format!("{} {}", violation.rule.name, violation.path))
    ///     .collect();
    /// assert_eq!(wrong, ["frame-field why", "frame-type response_id"]);
    /// ```
    pub fn violations(self, by: Direction, frame: &Value) -> Vec<Violation> {
        let event_type = frame["type"].as_str().unwrap_or_default();
        let validator = match self {
            Self::Published => PUBLISHED.for_event(by, event_type, frame),
            Self::Observed => OBSERVED.for_event(by, event_type, frame),
            Self::Beta => BETA.for_event(by, event_type),
        };
        let Some(validator) = validator else {
            return vec![unknown(by, frame)];
        };
        if validator.is_valid(frame) {
            return Vec::new();
        }
        let mut found: Vec<Violation> = validator
            .iter_errors(frame)
            .flat_map(|error| violations(&error, event_type))
            .collect();
        found.sort_by(|one, other| (one.rule.name, &one.path).cmp(&(other.rule.name, &other.path)));
        found.dedup();
        found
    }
}

fn unknown(by: Direction, frame: &Value) -> Violation {
    let sender = match by {
        Direction::Client => "a client",
        Direction::Server => "the server",
    };
    Violation {
        rule: &FRAME_EVENT,
        event: 0,
        event_type: frame["type"].as_str().unwrap_or_default().to_owned(),
        path: "type".to_owned(),
        found: frame
            .get("type")
            .map_or_else(|| "nothing".to_owned(), Value::to_string),
        expected: format!("the type of an event that {sender} sends"),
    }
}

/// One for each kind of event and way it goes.
struct Validators {
    server: Validator,
    client: Validator,
    translation_server: Validator,
    translation_client: Validator,
}

impl Validators {
    fn of(document: &str) -> Self {
        let schema = strict_schema(document);
        Self {
            server: validator(&schema, "ServerEvent"),
            client: validator(&schema, "ClientEvent"),
            translation_server: validator(&schema, "TranslationServerEvent"),
            translation_client: validator(&schema, "TranslationClientEvent"),
        }
    }

    /// The validator of an event, if it is known. Sessions that translate have some types of their
    /// own, and share others with other sessions.
    fn for_event(&self, by: Direction, event_type: &str, frame: &Value) -> Option<&Validator> {
        let translates = frame["session"]["type"] == "translation";
        match by {
            Direction::Server => {
                let common = ServerEventKind::from_type(event_type).is_some();
                let own = TranslationServerEventKind::from_type(event_type).is_some();
                if common && !(own && translates) {
                    Some(&self.server)
                } else {
                    own.then_some(&self.translation_server)
                }
            }
            Direction::Client => {
                if ClientEventKind::from_type(event_type).is_some() {
                    Some(&self.client)
                } else {
                    let own = TranslationClientEventKind::from_type(event_type).is_some();
                    own.then_some(&self.translation_client)
                }
            }
        }
    }
}

/// Those of the beta, which has no sessions that translate.
struct BetaValidators {
    server: Validator,
    client: Validator,
}

impl BetaValidators {
    fn new() -> Self {
        let schema = strict_schema(beta::OBSERVED_SCHEMA);
        Self {
            server: validator(&schema, "ServerEvent"),
            client: validator(&schema, "ClientEvent"),
        }
    }

    fn for_event(&self, by: Direction, event_type: &str) -> Option<&Validator> {
        match by {
            Direction::Server => beta::ServerEventKind::from_type(event_type).map(|_| &self.server),
            Direction::Client => beta::ClientEventKind::from_type(event_type).map(|_| &self.client),
        }
    }
}

fn strict_schema(document: &str) -> Value {
    strict(&serde_json::from_str(document).unwrap_or_default())
}

/// A validator for a definition of a schema.
fn validator(schema: &Value, definition: &str) -> Validator {
    let mut root = schema.clone();
    root["$ref"] = json!(format!("#/$defs/{definition}"));
    jsonschema::validator_for(&root).unwrap_or_else(|error| {
        unreachable!("the schema is generated, and every test uses it: {error}")
    })
}

/// The same schema in a form that finds more and says it better: objects have the fields they name
/// and no others, and of a union only the member is tried that the tag names.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Array(members) => members.iter().map(strict).collect(),
        Value::Object(object) => strict_object(object),
        other => other.clone(),
    }
}

fn strict_object(object: &Map<String, Value>) -> Value {
    if let Some(Value::Array(members)) = object.get("anyOf")
        && let [member, other] = &members[..]
        && other == &json!({ "type": "null" })
    {
        return json!({ "if": other, "else": strict(member) });
    }
    if let (Some(Value::Array(members)), Some(Value::String(tag))) =
        (object.get("oneOf"), object.get("x-tag"))
    {
        return tagged(members, tag);
    }
    let mut strict: Map<String, Value> = object
        .iter()
        .map(|(key, value)| (key.clone(), strict(value)))
        .collect();
    // A property may be called so, too: then it is a schema.
    if object.get("properties").is_some_and(Value::is_object)
        && object.get("type").is_some_and(Value::is_string)
    {
        strict.entry("additionalProperties").or_insert(json!(false));
    }
    Value::Object(strict)
}

/// A union of objects that are told apart by a tag, and of other values.
fn tagged(members: &[Value], tag: &str) -> Value {
    let (objects, others): (Vec<&Value>, Vec<&Value>) = members
        .iter()
        .partition(|member| member.get("x-tag-value").is_some());
    let values: Vec<&Value> = objects
        .iter()
        .map(|member| &member["x-tag-value"])
        .collect();
    let chosen = objects.iter().map(|member| {
        let value = &member["x-tag-value"];
        json!({
            "if": { "properties": { tag: { "const": value } }, "required": [tag] },
            "then": strict(member),
        })
    });
    let mut all = vec![json!({ "properties": { tag: { "enum": values } }, "required": [tag] })];
    all.extend(chosen);
    let others: Vec<Value> = others.into_iter().map(strict).collect();
    if others.is_empty() {
        json!({ "type": "object", "allOf": all })
    } else {
        json!({ "if": { "type": "object" }, "then": { "allOf": all }, "else": { "anyOf": others } })
    }
}

/// What the library found, in our words: one violation a field.
fn violations(error: &ValidationError<'_>, event_type: &str) -> Vec<Violation> {
    let path = path(error.instance_path().as_str());
    let violation = |rule, path, found: String, expected: String| Violation {
        rule,
        event: 0,
        event_type: event_type.to_owned(),
        path,
        found,
        expected,
    };
    let below = |field: &str| {
        if path.is_empty() {
            field.to_owned()
        } else {
            format!("{path}.{field}")
        }
    };
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|field| {
                let found = shown(&error.instance()[field.as_str()]);
                violation(
                    &FRAME_FIELD,
                    below(field),
                    found,
                    "no such field".to_owned(),
                )
            })
            .collect(),
        Kind::Required { property } => {
            let field = property.as_str().unwrap_or_default();
            vec![violation(
                &FRAME_MISSING,
                below(field),
                "nothing".to_owned(),
                "a value".to_owned(),
            )]
        }
        kind => {
            let (rule, expected) = expectation(kind);
            vec![violation(
                rule,
                path.clone(),
                shown(error.instance()),
                expected,
            )]
        }
    }
}

fn expectation(kind: &Kind) -> (&'static Rule, String) {
    match kind {
        Kind::Type { kind } => {
            let types = match kind {
                jsonschema::error::TypeKind::Single(single) => single.to_string(),
                jsonschema::error::TypeKind::Multiple(several) => {
                    let several: Vec<String> =
                        several.iter().map(|kind| kind.to_string()).collect();
                    several.join(" or ")
                }
            };
            (&FRAME_TYPE, types)
        }
        Kind::Constant { expected_value } => (&FRAME_VALUE, expected_value.to_string()),
        Kind::Enum { options } => (&FRAME_VALUE, format!("one of {options}")),
        Kind::Maximum { limit } => (&FRAME_VALUE, format!("at most {limit}")),
        Kind::Minimum { limit } => (&FRAME_VALUE, format!("at least {limit}")),
        Kind::MaxLength { limit } => (&FRAME_VALUE, format!("at most {limit} characters")),
        Kind::MinItems { limit } => (&FRAME_VALUE, format!("at least {limit} items")),
        Kind::Pattern { pattern } => (&FRAME_VALUE, format!("a text like {pattern}")),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            (&FRAME_VALUE, "one of the forms it can have".to_owned())
        }
        other => (&FRAME_VALUE, format!("what {} says", other.keyword())),
    }
}

/// `/response/output/0/id` as `response.output[0].id`.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            path.extend(["[", &step, "]"]);
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&step);
        }
    }
    path
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
