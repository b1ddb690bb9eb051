//! The beta dialect: its events out of the engine's, and the engine's out of its clients'.
//!
//! What is in this module and was not seen, *inferred*:
//!
//! - A client that asks for `modalities` of audio alone gets audio with its text, as for both.
//! - A request counts as one of 5,000 that a minute has: `rate_limits.updated` told them as well.
//! - The place of `rate_limits.updated` is that of GA, after the response.
//! - `input_audio_buffer.timeout_triggered` and keys of a telephone were not told: the beta has no
//!   events for them.

mod client;
mod items;
mod params;
mod renamed;
mod server;
mod session;

use std::collections::VecDeque;

use crate::engine::Transport;
use crate::protocol::beta::ClientEvent as BetaClientEvent;
use crate::protocol::realtime::ClientEvent;
use crate::protocol::{DecodeError, DecodeReason, Event, EventKind, JsonPath, ResponseId, decode};

use super::{Dialect, supported};

pub use server::kind_of;
pub use session::{
    session_config, session_object, transcription_session_config, transcription_session_object,
};

/// How lively a session is that has not said so.
const TEMPERATURE: f64 = 0.8;

/// What a session of the beta has that the engine's has not.
#[derive(Debug)]
pub(super) struct Beta {
    azure: bool,
    in_call: bool,
    temperature: f64,
    /// What the updates said that are not told yet, oldest first.
    updated: VecDeque<f64>,
    /// What those responses are to have that were asked for with a temperature and are not told yet.
    asked: VecDeque<f64>,
    /// The responses on their way that have one of their own.
    responses: Vec<(ResponseId, f64)>,
}

/// A client's event, as the engine takes it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) event: ClientEvent,
    pub(super) beside: Beside,
}

/// What an event says that the engine does not know.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beside {
    Nothing,
    Session { temperature: Option<f64> },
    Response { temperature: Option<f64> },
}

impl Beta {
    pub(super) const fn new(dialect: Dialect, transport: Transport) -> Self {
        Self {
            azure: dialect.is_azure(),
            in_call: !matches!(transport, Transport::WebSocket),
            temperature: TEMPERATURE,
            updated: VecDeque::new(),
            asked: VecDeque::new(),
            responses: Vec::new(),
        }
    }

    /// Sets the temperature of a session that nobody was told of yet.
    pub(super) const fn begin_with(&mut self, temperature: f64) {
        self.temperature = temperature;
    }

    /// Reads what a client sends.
    pub(super) fn read(&self, text: &str) -> Result<Read, DecodeError> {
        let event = decode::<BetaClientEvent>(text)
            .map_err(|error| supported::listing(error, supported::in_beta()))?;
        if let (BetaClientEvent::OutputAudioBufferClear(_), false) = (&event, self.in_call) {
            return Err(DecodeError {
                event_id: event.event_id().map(ToString::to_string),
                path: JsonPath::from("type"),
                reason: DecodeReason::NotInEnum {
                    value: event.kind().as_str().to_owned(),
                    supported: supported::in_beta(),
                },
            });
        }
        Ok(client::read(event))
    }

    /// Keeps what an event said that the engine has accepted.
    pub(super) fn keep(&mut self, beside: Beside) {
        match beside {
            Beside::Nothing => {}
            Beside::Session { temperature } => {
                self.temperature = temperature.unwrap_or(self.temperature);
                self.updated.push_back(self.temperature);
            }
            Beside::Response { temperature } => self.asked.extend(temperature),
        }
    }
}
