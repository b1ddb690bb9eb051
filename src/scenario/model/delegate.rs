//! Answers that another program gives.

use std::borrow::Cow;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::answer::{Answer, EndState, FailureConfig};
use super::short::Short;

/// The longest that a delegate may take, in milliseconds.
const LONGEST_MS: u32 = 600_000;

/// A program of the user's that decides what is answered: it gets what there is as JSON by HTTP, and
/// answers with an answer in the words of this file. What it gets is [`DelegateRequest`].
///
/// [`DelegateRequest`]: crate::scenario::DelegateRequest
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegateConfig {
    /// Where it listens: an address of `http:` or `https:`. It is asked by POST.
    pub url: DelegateUrl,
    /// How long it may take, in milliseconds, before the fallback is answered.
    #[serde(default)]
    pub timeout_ms: DelegateTimeout,
    /// Headers to ask it with, beside those of every request: a key, say.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<DelegateHeader, DelegateHeaderValue>,
    /// What is answered where it cannot be reached, takes too long or says what is no answer. Without
    /// it the response fails with the code `delegate_failed`.
    #[serde(default = "DelegateConfig::failure")]
    pub fallback: Short<Answer>,
}

impl DelegateConfig {
    /// One at this address, with the defaults.
    pub fn new(url: DelegateUrl) -> Self {
        Self {
            url,
            timeout_ms: DelegateTimeout::default(),
            headers: IndexMap::new(),
            fallback: Self::failure(),
        }
    }

    /// The answer where no fallback is given.
    fn failure() -> Short<Answer> {
        Short(Answer {
            ending: EndState::Failed(FailureConfig {
                kind: "server_error".to_owned(),
                code: "delegate_failed".to_owned(),
            }),
            ..Answer::empty()
        })
    }
}

/// How long a delegate may take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DelegateTimeout(u32);

impl DelegateTimeout {
    /// The time.
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0 as u64)
    }
}

impl Default for DelegateTimeout {
    /// Five seconds.
    fn default() -> Self {
        Self(5_000)
    }
}

impl TryFrom<u32> for DelegateTimeout {
    type Error = String;

    fn try_from(ms: u32) -> Result<Self, String> {
        if (1..=LONGEST_MS).contains(&ms) {
            return Ok(Self(ms));
        }
        Err(format!(
            "{ms} is no time for a delegate; it may take 1 to {LONGEST_MS} ms"
        ))
    }
}

impl<'de> Deserialize<'de> for DelegateTimeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(u32::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for DelegateTimeout {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("DelegateTimeout")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": LONGEST_MS })
    }
}

/// A text of which only some are sound.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:expr, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(&text).map(|()| Self(text))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::try_from(String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

checked_text!(
    /// Where a delegate listens.
    DelegateUrl,
    |text| {
        let uri: Result<Uri, _> = text.parse();
        let scheme = uri.as_ref().ok().and_then(Uri::scheme_str);
        match scheme {
            Some("http" | "https") => Ok(()),
            _ => Err(format!(
                "`{text}` is no address of a delegate; it begins with http:// or https://"
            )),
        }
    },
    { "type": "string", "pattern": "^https?://" }
);

checked_text!(
    /// The name of a header that a delegate is asked with.
    DelegateHeader,
    |text| match text.to_ascii_lowercase().as_str() {
        "content-type" | "content-length" | "host" | "transfer-encoding" | "connection" => {
            Err(format!("the header `{text}` is made with each request"))
        }
        name => match HeaderName::from_bytes(name.as_bytes()) {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("`{text}` is no name of a header")),
        },
    },
    { "type": "string", "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" }
);

checked_text!(
    /// What a header says that a delegate is asked with.
    DelegateHeaderValue,
    |text| match HeaderValue::from_str(text) {
        Ok(_) => Ok(()),
        Err(_) => Err("a header's value is of visible characters, in one line".to_owned()),
    },
    { "type": "string" }
);
