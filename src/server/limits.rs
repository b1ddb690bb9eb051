//! What a server bears.

use std::time::Duration;

/// What a server bears before it turns a client away.
///
/// The defaults are far beyond what a client in order needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a message, all its frames together. A client that sends more is closed
    /// with code 1009. The default leaves room for the 15 MiB of audio an event may have, which
    /// are 20 MiB of base64, and for somewhat more, since what is too much has to be read before it
    /// can be refused.
    pub message: usize,
    /// The most bytes of a request's body. More are answered with the HTTP status 413.
    pub body: usize,
    /// How long a write may take, which is one of 32 KiB or of a single event that is longer. A
    /// client that reads so slowly is closed with code 1008. Until then nothing more is made for
    /// it, so that what waits for it does not grow.
    pub write: Duration,
    /// How long after the answer to a PING, or the beginning, the next one is sent;
    /// `Duration::MAX` for never.
    pub ping_after: Duration,
    /// The most sessions at once. One more is answered with the HTTP status 503.
    pub sessions: usize,
    /// The most connections at once that are no sessions, or not yet. More wait until they are
    /// accepted.
    pub handshakes: usize,
    /// How long a client may take for TLS, and for the header of each request. One that is slower is
    /// disconnected.
    pub handshake: Duration,
    /// The most bytes of a request's header, its first line included. More are answered with the
    /// HTTP status 431.
    pub header: usize,
    /// How long the answer to a PING may take. A client that does not answer is closed with code
    /// 1011.
    pub pong_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 32 * 1024 * 1024,
            body: 1024 * 1024,
            write: Duration::from_secs(30),
            // The real server was seen to send one every 20.26 s over a line on which an answer
            // takes 0.26 s. That is how a well-known library for Python does it, whose other
            // default is inferred here, too.
            ping_after: Duration::from_secs(20),
            pong_within: Duration::from_secs(20),
            sessions: 20_000,
            handshakes: 4_096,
            handshake: Duration::from_secs(10),
            // A key that carries the configuration of its session is long.
            header: 64 * 1024,
        }
    }
}
