//! Texts with gaps that are filled when they are said.

use std::borrow::Cow;
use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use super::short::Shorthand;
use super::text::only_text;
use crate::scenario::nearest::nearest;
use crate::scenario::variables::Variables;

/// What a template can speak of.
pub(crate) const VARIABLES: [&str; 11] = [
    "assistant",
    "captures",
    "dtmf",
    "metadata",
    "parameters",
    "session",
    "silence",
    "state",
    "tools",
    "turn",
    "user",
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // What is not known yet is empty, and so is what is in it.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment
});

/// A text that may have gaps: `"A table for {{ captures.people }}?"`, in the language of Jinja.
///
/// | variable | what it is |
/// | --- | --- |
/// | `user` | what the user said last |
/// | `assistant` | what the assistant said last |
/// | `captures` | what patterns have captured so far, by name |
/// | `tools` | by name of a tool: the `arguments` and the `output` of its last call |
/// | `turn` | the number of the user's turn, from 1 |
/// | `session` | the session object as the client sees it |
/// | `metadata` | what `response.create` gave |
/// | `state` | the state the scenario is in |
/// | `parameters` | what a reusable answer was given |
/// | `silence` | for how many seconds nobody has spoken |
/// | `dtmf` | the keys the user pressed |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// A template; the error says what is wrong with it.
    pub fn new(source: impl Into<String>) -> Result<Self, String> {
        let source = source.into();
        check(&source)?;
        Ok(Self(source))
    }

    /// A text as it is, without gaps.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        if has_gaps(&text) {
            let end = "{% endraw %}";
            // The end of a raw block is the one thing that cannot stand in it.
            let safe = text.replace(end, "{% endraw %}{{ '{% endraw %}' }}{% raw %}");
            return Self(format!("{{% raw %}}{safe}{end}"));
        }
        Self(text)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn has_gaps(&self) -> bool {
        has_gaps(&self.0)
    }

    /// The text with its gaps filled.
    pub(crate) fn render(&self, variables: &Variables<'_>) -> Result<String, Error> {
        if !self.has_gaps() {
            return Ok(self.0.clone());
        }
        ENVIRONMENT
            .template_from_str(&self.0)?
            .render(variables.value())
    }

    /// As JSON: what is nothing but one gap keeps its type, anything else is a text.
    fn render_json(&self, variables: &Variables<'_>) -> Result<Value, Error> {
        let Some(expression) = only_gap(&self.0) else {
            return self.render(variables).map(Value::String);
        };
        let value = ENVIRONMENT
            .compile_expression(expression)?
            .eval(variables.value())?;
        Ok(serde_json::to_value(&value).unwrap_or(Value::Null))
    }
}

fn has_gaps(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|open| text.contains(open))
}

/// The expression of a text that is nothing but one gap.
fn only_gap(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inside = inside.trim_matches('-');
    (!inside.contains("{{") && !inside.contains("}}")).then_some(inside.trim())
}

fn check(source: &str) -> Result<(), String> {
    if !has_gaps(source) {
        return Ok(());
    }
    let template = ENVIRONMENT.template_from_str(source).map_err(|error| {
        let detail = error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned);
        match error.line() {
            Some(line) if source.contains('\n') => {
                format!("the template cannot be read: {detail} (in its line {line})")
            }
            _ => format!("the template cannot be read: {detail}"),
        }
    })?;
    let mut unknown: Vec<String> = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !VARIABLES.contains(&name.as_str()) && !is_global(name))
        .collect();
    unknown.sort();
    let Some(name) = unknown.first() else {
        return Ok(());
    };
    let hint = nearest(name, VARIABLES).map_or_else(
        || format!("there are {}", VARIABLES.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Err(format!("templates know no `{name}`; {hint}"))
}

fn is_global(name: &str) -> bool {
    ENVIRONMENT.globals().any(|(global, _)| global == name)
}

impl Shorthand for Template {
    const ONLY_TEXT: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text)
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.0))
    }
}

only_text! {
    Template, "A text with gaps in the language of Jinja: {{ user }}, {{ captures.name }}, {{ tools.name.output }}.", None;
}

/// The arguments of a call: JSON whose texts are templates, or a text that is sent as it is,
/// whether it is JSON or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Arguments {
    /// An object. A text in it that is nothing but one gap becomes what the gap is: a number stays
    /// one.
    Json(Map<String, Value>),
    /// A text that is sent as it is, once its gaps are filled.
    Raw(Template),
}

impl Default for Arguments {
    fn default() -> Self {
        Self::Json(Map::new())
    }
}

impl Arguments {
    /// As the text that is sent.
    pub(crate) fn render(&self, variables: &Variables<'_>) -> Result<String, Error> {
        match self {
            Self::Json(object) => {
                let value = render_value(&Value::Object(object.clone()), variables)?;
                Ok(value.to_string())
            }
            Self::Raw(template) => template.render(variables),
        }
    }
}

fn render_value(value: &Value, variables: &Variables<'_>) -> Result<Value, Error> {
    match value {
        Value::String(text) => Template(text.clone()).render_json(variables),
        Value::Array(items) => items
            .iter()
            .map(|item| render_value(item, variables))
            .collect(),
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| Ok((key.clone(), render_value(value, variables)?)))
            .collect(),
        _ => Ok(value.clone()),
    }
}

fn check_value(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().try_for_each(check_value),
        Value::Object(object) => object.values().try_for_each(check_value),
        _ => Ok(()),
    }
}

impl TryFrom<Value> for Arguments {
    type Error = String;

    /// Arguments of an object or a text; the error says which template in them is wrong.
    fn try_from(value: Value) -> Result<Self, String> {
        check_value(&value)?;
        match value {
            Value::Object(object) => Ok(Self::Json(object)),
            Value::String(text) => Ok(Self::Raw(Template(text))),
            _ => Err("arguments are a map, or a text that is sent as it is".to_owned()),
        }
    }
}

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(object) => object.serialize(serializer),
            Self::Raw(template) => template.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Arguments {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Arguments")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["object", "string"],
            "description": "The arguments of a call: a map whose texts are templates, or a text that is sent as it is, JSON or not."
        })
    }
}
