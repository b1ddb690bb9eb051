//! An incoming call as JSON asks for it: in the admin API, and by the command line.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audio::Clip;

use super::incoming::{IncomingCall, Keys};
use super::webhook::Webhook;

/// A telephone call that is to come in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallRequest {
    /// Who calls: a number, or the address of a SIP user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whom they have dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Headers of the INVITE beside those that each has, which the app sees in the webhook.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<RequestHeader>,
    /// Whom the call is announced to; without it, nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookRequest>,
    /// How long it rings until the caller gives up, in milliseconds; 60,000 without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rings_for_ms: Option<u64>,
    /// How long the caller stays at most once the call is accepted, in milliseconds; 300,000 without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays_for_ms: Option<u64>,
    /// What the caller does once the call is accepted, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub does: Vec<Doing>,
}

/// A header of SIP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Where a call is announced.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// The address of the app, `http:` or `https:`.
    pub url: String,
    /// What the announcement is signed with, `whsec_` and base64.
    pub secret: String,
}

impl fmt::Debug for WebhookRequest {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebhookRequest").field(&self.url).finish()
    }
}

/// Something that a caller does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Says a text, in the voice of the mock; the session hears these very words.
    Say(String),
    /// Says what is recorded: the bytes of an audio file, WAV or what else the server reads, as
    /// base64.
    Play(String),
    /// Presses keys, five a second: digits, `*`, `#`, and `A` to `D`.
    Press(String),
    /// Is silent for so many milliseconds.
    PauseMs(u64),
    /// Listens until the model has been heard to its end.
    Listen,
    /// Listens until the model has been heard for so many milliseconds, and goes on while it speaks.
    ListenForMs(u64),
    /// Hangs up.
    HangUp,
}

/// What is wrong with a call that is asked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCall {
    /// The field, as a path: `webhook.url`, `does[2].play`.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for BadCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl std::error::Error for BadCall {}

/// The most things that a caller does.
const MOST_STEPS: usize = 1_000;

/// The most characters that a caller says in all: twenty minutes and more.
const MOST_WORDS: usize = 20_000;

/// Who calls, if nobody says so.
const SOMEBODY: &str = "+15550199";

impl TryFrom<CallRequest> for IncomingCall {
    type Error = BadCall;

    fn try_from(request: CallRequest) -> Result<Self, BadCall> {
        let mut call = Self::from(request.from.unwrap_or_else(|| SOMEBODY.to_owned()));
        if let Some(to) = request.to {
            call = call.to(to);
        }
        for header in request.headers {
            call = call.header(header.name, header.value);
        }
        if let Some(WebhookRequest { url, secret }) = request.webhook {
            let webhook = Webhook::new(&url, &secret).map_err(|error| BadCall {
                path: match &error {
                    super::BadWebhook::Url { .. } => "webhook.url",
                    super::BadWebhook::Secret { .. } => "webhook.secret",
                }
                .to_owned(),
                reason: error.to_string(),
            })?;
            call = call.webhook(webhook);
        }
        if let Some(ms) = request.rings_for_ms {
            call = call.rings_for(Duration::from_millis(ms));
        }
        if let Some(ms) = request.stays_for_ms {
            call = call.stays_for(Duration::from_millis(ms));
        }
        within_bounds(&request.does)?;
        for (number, doing) in request.does.into_iter().enumerate() {
            call = does(call, number, doing)?;
        }
        Ok(call)
    }
}

/// Speech takes far more room than the words for it.
fn within_bounds(does: &[Doing]) -> Result<(), BadCall> {
    let said = does.iter().map(|doing| match doing {
        Doing::Say(text) => text.chars().count(),
        _ => 0,
    });
    let reason = if does.len() > MOST_STEPS {
        format!("a caller does {MOST_STEPS} things at most")
    } else if said.sum::<usize>() > MOST_WORDS {
        format!("a caller says {MOST_WORDS} characters at most")
    } else {
        return Ok(());
    };
    let path = "does".to_owned();
    Err(BadCall { path, reason })
}

fn does(call: IncomingCall, number: usize, doing: Doing) -> Result<IncomingCall, BadCall> {
    let bad = |what: &str, error: &dyn fmt::Display| BadCall {
        path: format!("does[{number}].{what}"),
        reason: error.to_string(),
    };
    Ok(match doing {
        Doing::Say(text) => call.says(text),
        Doing::Play(base64) => {
            let file = BASE64_STANDARD.decode(base64.as_bytes());
            let file = file.map_err(|error| bad("play", &error))?;
            let clip = Clip::decode(&file).map_err(|error| bad("play", &error))?;
            call.plays(&clip)
        }
        Doing::Press(keys) => {
            let keys: Keys = keys.parse().map_err(|error| bad("press", &error))?;
            call.presses(keys)
        }
        Doing::PauseMs(ms) => call.pauses(Duration::from_millis(ms)),
        Doing::Listen => call.listens(),
        Doing::ListenForMs(ms) => call.listens_for(Duration::from_millis(ms)),
        Doing::HangUp => call.hangs_up(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(request: serde_json::Value) -> String {
        let request: CallRequest = serde_json::from_value(request).unwrap();
        IncomingCall::try_from(request).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        use serde_json::json;
        let secret = "whsec_bW9jaw==";
        let cases = [
            (
                json!({"webhook": {"url": "here", "secret": secret}}),
                "webhook.url: 'here' is no",
            ),
            (
                json!({"webhook": {"url": "http://here", "secret": "x"}}),
                "webhook.secret: ",
            ),
            (
                json!({"does": ["listen", {"press": "1x"}]}),
                "does[1].press: 'x' is no key",
            ),
            (json!({"does": [{"play": "!"}]}), "does[0].play: "),
            (json!({"does": [{"play": "UklGRg=="}]}), "does[0].play: "),
        ];
        for (request, expected) in cases {
            let text = refused(request);
            assert!(text.starts_with(expected), "{text}");
        }
    }

    #[test]
    fn unknown_fields_are_refused() {
        let unknown = serde_json::from_str::<CallRequest>(r#"{"form": "+49"}"#);
        assert!(unknown.unwrap_err().to_string().contains("`form`"));
    }
}
