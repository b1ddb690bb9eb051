//! A call from its first ring: the form to the voice URL, the TwiML, the stream, and what is told of it.

use std::fmt;
use std::time::SystemTime;

use hyper::Method;
use tokio::sync::oneshot;

use super::caller::TwilioCaller;
use super::form::{self, Fields, FormError};
use super::options::TwilioOptions;
use super::twiml::{StreamVerb, TwimlError};
use crate::audio::AudioError;
use crate::telephony::script::CallScript;
use crate::telephony::{BadUrl, Call, CallResult, dial};

/// Who calls whom, and where Twilio asks what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceWebhook {
    /// The voice URL of the number that is called.
    pub url: String,
    /// The caller's number.
    pub from: String,
    /// The number that is called.
    pub to: String,
}

/// A call that was placed.
#[derive(Debug)]
pub struct PlacedCall {
    /// What the bridge answered.
    pub stream: StreamVerb,
    /// What came of the call.
    pub result: CallResult,
    /// Why a status callback was not taken, each with its event.
    pub untold: Vec<(&'static str, FormError)>,
}

/// Why there was no call.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlaceError {
    /// The voice URL did not answer.
    Webhook(FormError),
    /// Its answer has no stream.
    Twiml(TwimlError),
    /// The stream's URL is no address of a bridge.
    Url(BadUrl),
    /// An audio file of the script cannot be read.
    Audio(AudioError),
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(error) => write!(f, "the voice URL: {error}"),
            Self::Twiml(error) => error.fmt(f),
            Self::Url(error) => error.fmt(f),
            Self::Audio(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PlaceError {}

/// What is told to the status callback.
mod event {
    pub(super) const STARTED: &str = "stream-started";
    pub(super) const STOPPED: &str = "stream-stopped";
    pub(super) const ERROR: &str = "stream-error";
}

impl VoiceWebhook {
    /// Calls a number with this voice URL: asks it for TwiML, opens the stream that it names with its
    /// parameters, and follows the script to the end of the call.
    ///
    /// Both requests are signed where the options have the account's token.
    pub async fn call(
        &self,
        options: TwilioOptions,
        script: &CallScript,
    ) -> Result<PlacedCall, PlaceError> {
        // The ids follow from the options, so that the form and the stream have the same.
        let ids = TwilioCaller::new(options.clone());
        let token = options.auth_token.clone();
        let token = token.as_deref();
        let answer = form::send(Method::POST, &self.url, &self.fields(&ids), token).await;
        let answer = answer.map_err(PlaceError::Webhook)?;
        let stream = StreamVerb::parse(&answer).map_err(PlaceError::Twiml)?;
        let mut options = options;
        options.parameters.extend(stream.parameters.clone());
        let call = Call::twilio(options, script).map_err(PlaceError::Audio)?;
        let (began, has_begun) = oneshot::channel();
        let call = call.when_begun(move || {
            let _ = began.send(());
        });
        let teller = Teller {
            stream: &stream,
            ids: &ids,
            token,
        };
        let started = async {
            match has_begun.await {
                Ok(()) => teller.tell(event::STARTED, None).await,
                Err(_) => None,
            }
        };
        let (result, untold) = tokio::join!(Box::pin(dial(&stream.url, call)), started);
        let result = result.map_err(PlaceError::Url)?;
        let mut untold: Vec<_> = untold.into_iter().collect();
        // Each code is reported once a stream.
        let mut codes: Vec<u16> = Vec::new();
        for finding in &result.notes.findings {
            if let Some(code) = finding.code.filter(|code| !codes.contains(code)) {
                codes.push(code);
                untold.extend(teller.tell(event::ERROR, Some(&finding.to_string())).await);
            }
        }
        untold.extend(teller.tell(event::STOPPED, None).await);
        Ok(PlacedCall {
            result,
            untold,
            stream: stream.clone(),
        })
    }

    fn fields(&self, ids: &TwilioCaller) -> Fields {
        let mut fields = vec![
            ("AccountSid", ids.account_sid().to_owned()),
            ("ApiVersion", "2010-04-01".to_owned()),
            ("CallSid", ids.call_sid().to_owned()),
            ("CallStatus", "ringing".to_owned()),
            ("Called", self.to.clone()),
            ("Caller", self.from.clone()),
            ("Direction", "inbound".to_owned()),
            ("From", self.from.clone()),
            ("To", self.to.clone()),
        ];
        // There and empty where Twilio does not know.
        for name in [
            "CalledCity",
            "CalledCountry",
            "CalledState",
            "CalledZip",
            "CallerCity",
            "CallerCountry",
            "CallerState",
            "CallerZip",
            "FromCity",
            "FromCountry",
            "FromState",
            "FromZip",
            "ToCity",
            "ToCountry",
            "ToState",
            "ToZip",
        ] {
            fields.push((name, String::new()));
        }
        fields
    }
}

/// Tells the status callback how the stream goes.
struct Teller<'a> {
    stream: &'a StreamVerb,
    ids: &'a TwilioCaller,
    token: Option<&'a str>,
}

impl Teller<'_> {
    /// What went wrong, if something did and somebody wants to know.
    async fn tell(
        &self,
        event: &'static str,
        error: Option<&str>,
    ) -> Option<(&'static str, FormError)> {
        let url = self.stream.status_callback.as_deref()?;
        let sid = self.ids.stream_sid();
        let name = self.stream.name.as_deref().unwrap_or(sid);
        let time = humantime::format_rfc3339_nanos(SystemTime::now());
        let mut fields: Fields = vec![
            ("AccountSid", self.ids.account_sid().to_owned()),
            ("CallSid", self.ids.call_sid().to_owned()),
            ("StreamEvent", event.to_owned()),
            ("StreamName", name.to_owned()),
            ("StreamSid", sid.to_owned()),
            ("Timestamp", time.to_string()),
        ];
        if let Some(error) = error {
            fields.push(("StreamError", error.to_owned()));
        }
        let method = if self.stream.status_by_post {
            Method::POST
        } else {
            Method::GET
        };
        let told = form::send(method, url, &fields, self.token).await;
        told.err().map(|error| (event, error))
    }
}
