//! Close codes that may be sent.

use serde::{Deserialize, Deserializer, Serialize, de};

/// A WebSocket close code that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for CloseCode {
    /// 1000: all is well.
    fn default() -> Self {
        Self(1000)
    }
}

impl TryFrom<u16> for CloseCode {
    type Error = String;

    /// A code that may be sent; the error names those.
    fn try_from(code: u16) -> Result<Self, String> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Ok(Self(code)),
            _ => Err(format!(
                "{code} is no close code that may be sent; there are 1000 to 1003, 1007 to 1014 and 3000 to 4999"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for CloseCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(u16::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(feature = "scenario")]
impl schemars::JsonSchema for CloseCode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CloseCode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 1000, "maximum": 1003 },
            { "type": "integer", "minimum": 1007, "maximum": 1014 },
            { "type": "integer", "minimum": 3000, "maximum": 4999 },
        ] })
    }
}
