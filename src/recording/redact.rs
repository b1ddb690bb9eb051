//! What is not to be on file: keys never, and on request what was said.

use std::sync::LazyLock;

use hyper::HeaderMap;
use hyper::header::SEC_WEBSOCKET_PROTOCOL;
use regex_lite::Regex;
use serde_json::{Map, Value};

/// What stands in the place of a key.
const REDACTED: &str = "[redacted]";

/// What a key looks like, wherever it stands: a project's or an ephemeral one.
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:sk-|ek_)[A-Za-z0-9_.-]{6,}")
        .unwrap_or_else(|error| unreachable!("the pattern is constant: {error}"))
});

/// Headers and parameters of an address whose values are keys.
const KEYS_BY_NAME: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "api-key",
    "api_key",
    "x-api-key",
    "ocp-apim-subscription-key",
    "cookie",
    "access_token",
    "token",
];

/// What comes before a key in a subprotocol.
const KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// Fields of events whose texts are keys: those for MCP servers, and ephemeral ones.
const KEY_FIELDS: [&str; 3] = ["authorization", "client_secret", "api_key"];

/// The fields of events in which somebody's words are, or what was made of them.
const WORDS: [&str; 9] = [
    "text",
    "transcript",
    "delta",
    "arguments",
    "output",
    "instructions",
    "prompt",
    "message",
    "token",
];

/// The field with the bytes of a token, beside how likely it was.
const BYTES: &str = "bytes";

/// The fields that hold words by names that anybody may choose.
const NAMED_WORDS: [&str; 2] = ["metadata", "variables"];

/// An image of one transparent pixel, in the place of one that was sent.
const NO_IMAGE: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

/// What is redacted beside keys, which always are.
///
/// What is left is an event that is as valid as before: sounds and texts keep their lengths, so that
/// deltas still make up their whole, and times are as they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Sounds: every byte of them is zero.
    pub audio: bool,
    /// Words, and images with them: every letter is an `x`, every digit a `1`.
    pub text: bool,
}

impl Redaction {
    /// The names of what is redacted, as recordings and the command line have them.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let names = [("audio", self.audio), ("text", self.text)];
        let asked = names.into_iter().filter(|(_, asked)| *asked);
        asked.map(|(name, _)| name).collect()
    }

    pub(crate) fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut redaction = Self::default();
        for name in names {
            match name {
                "audio" => redaction.audio = true,
                "text" => redaction.text = true,
                _ => {}
            }
        }
        redaction
    }
}

/// Redacts what one client sends and gets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    redaction: Redaction,
    /// The keys that the client has shown, which may be of any form.
    shown: Vec<String>,
}

impl Redactor {
    pub(crate) fn new(redaction: Redaction) -> Self {
        Self {
            redaction,
            shown: Vec::new(),
        }
    }

    pub(crate) fn redaction(&self) -> Redaction {
        self.redaction
    }

    /// The headers of a request, without its keys, which are known from now on.
    pub(crate) fn headers(&mut self, headers: &HeaderMap) -> Value {
        let mut kept = Map::new();
        for name in headers.keys() {
            let values = headers.get_all(name).iter();
            let values: Vec<String> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .map(|value| {
                    if KEYS_BY_NAME.contains(&name.as_str()) {
                        self.show(value.rsplit(' ').next().unwrap_or_default());
                        REDACTED.to_owned()
                    } else if *name == SEC_WEBSOCKET_PROTOCOL {
                        self.protocols(&value)
                    } else {
                        KEY.replace_all(&value, REDACTED).into_owned()
                    }
                })
                .collect();
            kept.insert(name.to_string(), values.join(", ").into());
        }
        Value::Object(kept)
    }

    fn protocols(&mut self, offered: &str) -> String {
        let names = offered.split(',').map(str::trim);
        let names: Vec<String> = names
            .map(|name| match name.strip_prefix(KEY_PROTOCOL) {
                Some(key) => {
                    self.show(key);
                    format!("{KEY_PROTOCOL}{REDACTED}")
                }
                None => name.to_owned(),
            })
            .collect();
        names.join(", ")
    }

    /// The path of a request with its query, without keys.
    pub(crate) fn address(&mut self, path: &str, query: Option<&str>) -> String {
        let Some(query) = query else {
            return path.to_owned();
        };
        let mut kept = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if KEYS_BY_NAME.contains(&name.to_ascii_lowercase().as_str()) {
                self.show(&value);
                kept.append_pair(&name, REDACTED);
            } else {
                kept.append_pair(&name, &KEY.replace_all(&value, REDACTED));
            }
        }
        format!("{path}?{}", kept.finish())
    }

    /// A key that is too short to be one would be found everywhere.
    fn show(&mut self, key: &str) {
        if key.len() >= 6 {
            self.shown.push(key.to_owned());
        }
    }

    /// A text that is no event, without keys.
    pub(crate) fn text(&self, text: &str) -> String {
        let text = self.without_keys(text).unwrap_or_else(|| text.to_owned());
        if self.redaction.text {
            return masked(&text);
        }
        text
    }

    /// Takes out of an event what is not to be on file.
    pub(crate) fn event(&self, event: &mut Value) {
        // A delta is audio or words, as the rest of the event's type says.
        let is_sound = event["type"]
            .as_str()
            .is_some_and(|name| name.ends_with("audio.delta"));
        self.value(event, None, is_sound);
    }

    fn value(&self, value: &mut Value, field: Option<&str>, is_sound: bool) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (field, &mut *value) {
                        (Some("headers"), Value::String(key)) => REDACTED.clone_into(key),
                        (Some(words), Value::String(text)) if NAMED_WORDS.contains(&words) => {
                            *text = self.text(text);
                        }
                        _ => self.value(value, Some(name), is_sound),
                    }
                }
            }
            Value::Array(bytes) if self.redaction.text && field == Some(BYTES) => bytes.clear(),
            Value::Array(items) => {
                for item in items {
                    self.value(item, field, is_sound);
                }
            }
            Value::String(text) => self.string(text, field.unwrap_or_default(), is_sound),
            _ => {}
        }
    }

    fn string(&self, text: &mut String, field: &str, is_sound: bool) {
        if KEY_FIELDS.contains(&field) {
            REDACTED.clone_into(text);
            return;
        }
        if field == "audio" || (field == "delta" && is_sound) {
            if self.redaction.audio {
                silence(text);
            }
            return;
        }
        if let Some(kept) = self.without_keys(text) {
            *text = kept;
        }
        if !self.redaction.text {
            return;
        }
        if field == "image_url" {
            NO_IMAGE.clone_into(text);
        } else if WORDS.contains(&field) {
            *text = masked(text);
        }
    }

    /// The text without keys, if there is one in it.
    fn without_keys(&self, text: &str) -> Option<String> {
        let mut kept: Option<String> = None;
        for key in &self.shown {
            let now = kept.as_deref().unwrap_or(text);
            if now.contains(key.as_str()) {
                kept = Some(now.replace(key.as_str(), REDACTED));
            }
        }
        let now = kept.as_deref().unwrap_or(text);
        // The pattern is slow, and most texts have nothing like it.
        if (now.contains("sk-") || now.contains("ek_")) && KEY.is_match(now) {
            return Some(KEY.replace_all(now, REDACTED).into_owned());
        }
        kept
    }
}

/// The same length of base64, all of whose bytes are zero.
fn silence(base64: &mut String) {
    let padding = base64
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'=')
        .count();
    let length = base64.len() - padding;
    *base64 = "A".repeat(length) + &"=".repeat(padding);
}

/// The same text with other letters: of several pieces, the whole is that of the pieces.
fn masked(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            letter if letter.is_ascii_digit() => '1',
            letter if letter.is_alphanumeric() => 'x',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderValue, USER_AGENT};
    use serde_json::json;

    use super::*;

    fn redacted(redaction: Redaction, mut event: Value) -> Value {
        Redactor::new(redaction).event(&mut event);
        event
    }

    #[test]
    fn keys_are_in_no_header_address_or_frame() {
        let mut redactor = Redactor::new(Redaction::default());
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer odd-key"));
        headers.insert("api-key", HeaderValue::from_static("0123456789abcdef"));
        headers.insert(USER_AGENT, HeaderValue::from_static("agent/1"));
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static("realtime, openai-insecure-api-key.ek_browser1"),
        );
        let kept = redactor.headers(&headers);
        assert_eq!(kept["authorization"], REDACTED);
        assert_eq!(kept["api-key"], REDACTED);
        assert_eq!(kept["user-agent"], "agent/1");
        let protocols = "realtime, openai-insecure-api-key.[redacted]";
        assert_eq!(kept["sec-websocket-protocol"], protocols);

        let address = redactor.address("/v1/realtime", Some("model=m&api-key=in-the-query"));
        assert_eq!(address, "/v1/realtime?model=m&api-key=%5Bredacted%5D");

        let mut event = json!({
            "type": "error",
            "error": { "message": "Incorrect API key provided: odd-key, or in-the-query. sk-proj-0123456." },
            "session": {
                "client_secret": { "value": "ek_0123456789" },
                "tools": [{ "type": "mcp", "authorization": "secret", "headers": { "X-Key": "secret" } }],
            },
        });
        redactor.event(&mut event);
        let text = event.to_string();
        for key in ["odd-key", "in-the-query", "sk-proj", "ek_0", "secret\""] {
            assert!(
                !text.replace("client_secret\"", "").contains(key),
                "{key} in {text}"
            );
        }
    }

    #[test]
    fn words_like_keys_stay() {
        for text in [
            "a task-oriented bot",
            "sk-SK",
            "week_end",
            "a desk-lamp-for-two",
        ] {
            let event = json!({ "type": "x", "text": text });
            assert_eq!(redacted(Redaction::default(), event.clone()), event);
        }
    }

    #[test]
    fn sounds_keep_their_lengths() {
        let all = Redaction {
            audio: true,
            text: true,
        };
        let event = json!({ "type": "input_audio_buffer.append", "audio": "c3BlZWNoIQ==" });
        assert_eq!(redacted(all, event)["audio"], "AAAAAAAAAA==");
        let event = json!({ "type": "response.output_audio.delta", "delta": "c3BlZWNo" });
        assert_eq!(redacted(all, event)["delta"], "AAAAAAAA");
    }

    #[test]
    fn words_keep_their_form_and_ids_stay() {
        let text = Redaction {
            text: true,
            audio: false,
        };
        let event = json!({
            "type": "conversation.item.create",
            "item": { "id": "item_1", "type": "message", "role": "user", "content": [
                { "type": "input_text", "text": "Call 4711, Ada!" },
                { "type": "input_image", "image_url": "data:image/png;base64,iVBOR" },
            ] },
            "metadata": { "caller": "Ada" },
            "logprobs": [{ "token": "Ada", "logprob": -0.5, "bytes": [65, 100, 97] }],
        });
        let kept = redacted(text, event);
        assert_eq!(kept["item"]["content"][0]["text"], "xxxx 1111, xxx!");
        assert_eq!(kept["item"]["content"][1]["image_url"], NO_IMAGE);
        assert_eq!(kept["item"]["id"], "item_1");
        assert_eq!(kept["item"]["content"][0]["type"], "input_text");
        assert_eq!(kept["metadata"]["caller"], "xxx");
        let token = json!({ "token": "xxx", "logprob": -0.5, "bytes": [] });
        assert_eq!(kept["logprobs"][0], token);

        let deltas = ["He", "llo 1", "2"].map(masked).concat();
        assert_eq!(deltas, masked("Hello 12"));
        let sound = json!({ "type": "response.output_audio.delta", "delta": "c3BlZWNo" });
        assert_eq!(redacted(text, sound.clone()), sound);
    }
}
