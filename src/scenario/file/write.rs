//! Scenarios written to files.

use std::fmt;

use saphyr::{Mapping, Scalar, Yaml, YamlEmitter};
use serde_json::Value;

use crate::scenario::model::Scenario;

/// Why a scenario cannot be written to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// A response has a condition or an answer that is a closure of Rust.
    Closure {
        /// The response.
        response: String,
    },
    /// Something in it is no JSON.
    Other(String),
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closure { response } => write!(
                f,
                "the response `{response}` has a closure in it, which cannot be written to a file"
            ),
            Self::Other(reason) => write!(f, "the scenario cannot be written: {reason}"),
        }
    }
}

impl std::error::Error for Unwritable {}

impl Scenario {
    /// The scenario as the text of a YAML file.
    ///
    /// ```
    /// use mock_realtime::scenario::{Scenario, parse, user_says, when};
    ///
    /// let scenario = Scenario::new("bakery").response("bread", when(user_says(["bread"])?).say("Rye?")?);
    /// let text = scenario.to_yaml().unwrap();
    /// assert_eq!(parse("bakery.yaml", &text).unwrap().scenario, scenario);
    /// # Ok::<(), String>(())
    /// ```
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        self.refuse_closures()?;
        let value =
            serde_json::to_value(self).map_err(|error| Unwritable::Other(error.to_string()))?;
        let mut text = String::new();
        let mut emitter = YamlEmitter::new(&mut text);
        emitter.multiline(true);
        emitter
            .dump(&yaml(&value))
            .map_err(|error| Unwritable::Other(error.to_string()))?;
        let text = text.strip_prefix("---\n").unwrap_or(&text);
        Ok(format!("{text}\n"))
    }

    fn refuse_closures(&self) -> Result<(), Unwritable> {
        for (name, response) in &self.responses {
            let conditions = response.when.and_within();
            let conditions = conditions
                .iter()
                .any(|criteria| !criteria.custom.is_empty());
            if conditions
                || response
                    .answer
                    .iter()
                    .any(|answer| answer.generator.is_some())
            {
                return Err(Unwritable::Closure {
                    response: name.clone(),
                });
            }
        }
        Ok(())
    }
}

fn yaml(value: &Value) -> Yaml<'_> {
    match value {
        Value::Null => Yaml::Value(Scalar::Null),
        Value::Bool(value) => Yaml::Value(Scalar::Boolean(*value)),
        Value::Number(number) => Yaml::Value(match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Scalar::Integer(number),
            (None, Some(number)) => Scalar::FloatingPoint(number.into()),
            (None, None) => Scalar::Null,
        }),
        Value::String(text) => Yaml::Value(Scalar::String(text.as_str().into())),
        Value::Array(items) => Yaml::Sequence(items.iter().map(yaml).collect()),
        Value::Object(object) => {
            let mut map = Mapping::new();
            for (key, value) in object {
                map.insert(
                    Yaml::Value(Scalar::String(key.as_str().into())),
                    yaml(value),
                );
            }
            Yaml::Mapping(map)
        }
    }
}
