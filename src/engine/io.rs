//! What a driver gives an engine, and what it gets.

use bytes::Bytes;

use crate::audio::Encoding;
use crate::generators::{Errand, ResponsePlan};
use crate::protocol::DecodeError;
use crate::protocol::realtime::{ClientEvent, ServerEvent};

/// What a driver gives the engine.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a, C = ClientEvent> {
    /// A text frame of the client.
    Text(&'a str),
    /// A binary frame of the client, which the protocol does not have.
    Binary,
    /// A text frame of the client that is not UTF-8. The session goes on; a WebSocket may not.
    NotUtf8,
    /// An event of the client that needs no decoding.
    Event(C),
    /// A text of the client that the driver could not read: it is refused with this error.
    Unreadable(DecodeError),
    /// Audio that comes in beside the events, in the session's input encoding.
    Audio(&'a [u8]),
    /// A key that the caller pressed.
    Dtmf(DtmfKey),
    /// What an [`Output::Errand`] has come to; none if it has failed. One that comes too late is
    /// passed over.
    Plan(Ticket, Option<ResponsePlan>),
    /// Nothing but the time: a deadline has come.
    Time,
}

/// Which response an errand is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub(super) u64);

/// A key of a telephone: a digit, `*`, `#`, or `A` to `D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DtmfKey(char);

impl DtmfKey {
    /// The key with this character; a letter in either case.
    pub const fn new(character: char) -> Option<Self> {
        match character.to_ascii_uppercase() {
            key @ ('0'..='9' | '*' | '#' | 'A'..='D') => Some(Self(key)),
            _ => None,
        }
    }

    /// Its character.
    pub const fn character(self) -> char {
        self.0
    }
}

/// What the engine gives a driver.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Output<S = ServerEvent> {
    /// An event for the client.
    Event(S),
    /// A text frame that a user of the mock asked for, to be sent as it is. It may be anything.
    Text(String),
    /// Audio of a call, to be played after what was given before.
    Audio {
        /// The audio.
        audio: Bytes,
        /// How it is written.
        encoding: Encoding,
    },
    /// The audio of a call that was not played yet is not to be played.
    ClearAudio,
    /// A plan is to be made outside the session, and given back as [`Input::Plan`] when it is there.
    Errand(Ticket, Errand),
    /// The session is over: close with this code and reason, and give it nothing more.
    Close {
        /// The WebSocket close code.
        code: u16,
        /// The close reason.
        reason: String,
    },
}
