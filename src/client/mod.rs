//! The mock in process: a client that talks to a session without a socket.
//!
//! It runs on tokio's time, paused or not. On paused time a conversation with all its pauses takes
//! no time at all.

mod collected;
mod socket;
mod state;

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::Stream;
use tokio::time::Instant;

use crate::dialect::{Dialect, DialectSession};
use crate::engine::SessionOptions;
use crate::expect::{Expect, Expectations, Journal};
use crate::faults::{ConnectionFaults, Faults};
use crate::generators::Scripted;
#[cfg(feature = "conformance")]
use crate::mock::Verification;
use crate::mock::{MockSession, Sent, SessionControl, conclude};
use crate::protocol::realtime::{
    ClientEvent, ConversationItem, ConversationItemCreate, FunctionCallOutput,
    InputAudioBufferAppend, ResponseCreate, ServerEvent,
};
use crate::protocol::{Event, EventKind, EventPayload};

pub use collected::{CollectedCall, CollectedResponse};
pub use socket::MockSocket;
pub use state::MockSessionState;

/// The session has a hand on itself and so has who sees it, the client has one, and one is in use while
/// it is asked.
const SHARES: usize = 4;

/// How much audio an append of [`MockRealtimeClient::speak`] has.
const APPEND: Duration = Duration::from_millis(100);

/// A client of a session in the same process.
///
/// ```
/// use mock_realtime::client::MockRealtimeClient;
/// use mock_realtime::engine::SessionOptions;
/// use mock_realtime::generators::Scripted;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut client = MockRealtimeClient::new(SessionOptions {
///     generator: Box::new(Scripted::new(["Good morning!"])),
///     ..SessionOptions::default()
/// });
/// client.say("Hello");
/// let response = client.collect_response().await;
/// assert_eq!(response.transcript, "Good morning!");
/// # }
/// ```
#[derive(Debug)]
pub struct MockRealtimeClient {
    session: MockSession,
    control: SessionControl,
    started: Instant,
    /// What was sent while the client did something else.
    waiting: VecDeque<ServerEvent>,
    journal: Journal,
    expectations: Expectations,
    #[cfg(feature = "conformance")]
    verification: Option<Verification>,
    closed: Option<Closed>,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code; without one the connection broke.
    pub code: Option<u16>,
    /// The reason given.
    pub reason: String,
}

impl MockRealtimeClient {
    /// Opens a session. Its first event waits to be received.
    pub fn new(options: SessionOptions) -> Self {
        Self::with_faults(options, &Faults::default())
    }

    /// Opens a session that says these texts, response by response.
    pub fn saying<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::new(SessionOptions {
            generator: Box::new(Scripted::new(texts)),
            ..SessionOptions::default()
        })
    }

    /// Opens a session in which something goes wrong.
    pub fn with_faults(mut options: SessionOptions, faults: &Faults) -> Self {
        let faults = ConnectionFaults::of(0, [faults]);
        faults.apply(&mut options);
        let session = DialectSession::new(Dialect::Ga, options);
        let journal = Journal::default();
        let control = SessionControl::of(faults, session.engine().warnings());
        let mut session = MockSession::observed(session, 0, journal.clone(), control.clone());
        #[cfg(feature = "conformance")]
        let verification = Verification::from_env();
        #[cfg(feature = "conformance")]
        if let Some(verification) = &verification {
            session.verify(verification);
        }
        session.begin_in_process();
        Self {
            session,
            #[cfg(feature = "conformance")]
            verification,
            control,
            started: Instant::now(),
            waiting: VecDeque::new(),
            journal,
            expectations: Expectations::default(),
            closed: None,
        }
    }

    /// Has each frame that the mock sends of itself held against the protocol, as
    /// [`MockServerBuilder::verify`] does: to be asked for before anything is received. With the
    /// feature `conformance`.
    ///
    /// [`MockServerBuilder::verify`]: crate::server::MockServerBuilder::verify
    #[cfg(feature = "conformance")]
    #[must_use = "the client that is given back verifies"]
    pub fn verifying(mut self) -> Self {
        let verification = Verification::default();
        self.session.verify(&verification);
        self.verification = Some(verification);
        self
    }

    /// Sends an event, and does not wait for what follows from it.
    ///
    /// # Panics
    ///
    /// If the session is closed.
    #[track_caller]
    pub fn send(&mut self, event: impl Into<ClientEvent>) {
        let event = event.into();
        self.assert_open(event.kind().as_str());
        self.session.take_event(event, self.started.elapsed());
        self.pump();
    }

    /// Sends a text frame as it is, however broken.
    ///
    /// # Panics
    ///
    /// If the session is closed.
    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.assert_open("a text");
        self.session.take_text(text, self.started.elapsed());
        self.pump();
    }

    /// Says a sentence in writing, and asks for a response.
    pub fn say(&mut self, text: &str) {
        self.send(ConversationItemCreate::new(ConversationItem::user_text(
            text,
        )));
        self.send(ResponseCreate::default());
    }

    /// Gives a function's output, and asks for the response to it.
    pub fn answer(&mut self, call: &CollectedCall, output: &str) {
        let output = FunctionCallOutput::new(call.call_id.clone(), output.to_owned());
        self.send(ConversationItemCreate::new(ConversationItem::from(output)));
        self.send(ResponseCreate::default());
    }

    /// Speaks: appends audio in the session's input encoding, 100 ms at a time and as fast as a
    /// person speaks.
    pub async fn speak(&mut self, audio: &[u8]) {
        let encoding = self.session.engine().engine().input_encoding();
        for chunk in audio.chunks(encoding.bytes_in(APPEND)) {
            self.send(InputAudioBufferAppend::new(chunk.to_vec()));
            self.wait(encoding.duration(chunk.len())).await;
        }
    }

    /// Lets time pass. What is sent meanwhile waits to be received.
    pub async fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        let control = self.control();
        loop {
            let next = self.deadline().map_or(until, |at| at.min(until));
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = control.changed() => {}
            }
            self.pass_time();
            if Instant::now() >= until {
                return;
            }
        }
    }

    /// The next event; `None` once the session is closed. A text that is no event is passed over: it
    /// stands in the journal.
    ///
    /// # Panics
    ///
    /// If nothing can come because the session waits for the client, rather than wait for ever. The
    /// text has what was sent so far.
    pub async fn next_event(&mut self) -> Option<ServerEvent> {
        loop {
            if let Some(event) = self.try_next_event() {
                return Some(event);
            }
            if self.closed.is_some() {
                return None;
            }
            self.wait_for_more().await;
        }
    }

    /// The next event, if there is one already.
    pub fn try_next_event(&mut self) -> Option<ServerEvent> {
        self.pump();
        self.waiting.pop_front()
    }

    /// The next event.
    ///
    /// # Panics
    ///
    /// As [`next_event`](Self::next_event), and if the session is closed.
    pub async fn recv(&mut self) -> ServerEvent {
        match self.next_event().await {
            Some(event) => event,
            None => panic!("the session is closed; {}", self.so_far()),
        }
    }

    /// The next event of a type; those before it are passed over.
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_until<P: EventPayload<ServerEvent>>(&mut self) -> P {
        loop {
            let event = self.next_event().await;
            let Some(event) = event else {
                panic!("closed before {}; {}", P::KIND, self.so_far());
            };
            if let Ok(payload) = P::from_event(event) {
                return payload;
            }
        }
    }

    /// All events as a stream, which ends when the session is closed.
    pub fn events(&mut self) -> impl Stream<Item = ServerEvent> {
        futures_util::stream::unfold(self, |client| async {
            let event = client.next_event().await?;
            Some((event, client))
        })
    }

    /// All of the next response.
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    pub async fn collect_response(&mut self) -> CollectedResponse {
        let mut collected = CollectedResponse::default();
        loop {
            let event = self.recv().await;
            if collected.take(event) {
                return collected;
            }
        }
    }

    /// Closes the session as a client does.
    pub fn close(&mut self, code: u16, reason: &str) {
        if self.closed.is_none() {
            self.session.take_close(Some(code), reason);
            self.note_close(Some(code), reason.to_owned());
        }
    }

    /// How the session ended, if it did.
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// The session as it is now.
    pub fn state(&self) -> MockSessionState {
        MockSessionState::of(self.session.engine().engine())
    }

    /// A hand on the session, for what a client cannot do.
    pub fn control(&self) -> SessionControl {
        self.control.clone()
    }

    /// Every frame both ways.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Expects an event of the client, at least once unless more is said. Checked by
    /// [`verify`](Self::verify), and when the client is dropped.
    #[track_caller]
    pub fn expect<P: EventPayload<ClientEvent>>(&self) -> Expect<P> {
        self.expectations.expect()
    }

    /// Checks what was expected, and what the mock has sent if that is
    /// [verified](Self::verifying).
    ///
    /// # Panics
    ///
    /// If it was not met, with what was sent.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(failure) = self.outcome() {
            panic!("{failure}");
        }
    }

    fn outcome(&self) -> Result<(), String> {
        #[cfg(feature = "conformance")]
        if let Some(verification) = &self.verification {
            verification.verdict(&self.journal)?;
        }
        let met = self.expectations.verify(&self.journal);
        met.map_err(|unmet| unmet.to_string())
    }

    #[track_caller]
    fn assert_open(&self, what: &str) {
        assert!(
            self.closed.is_none(),
            "{what} cannot be sent, the session is closed; {}",
            self.so_far()
        );
    }

    /// Takes what the session has to send.
    fn pump(&mut self) {
        while let Some(sent) = self.session.poll() {
            match sent {
                Sent::Event(event) | Sent::Translated(event, _) => self.waiting.push_back(event),
                Sent::Cut { event, .. } => self.waiting.extend(event),
                // Nor is there anybody to play a call's audio to.
                Sent::Text(_) | Sent::Audio { .. } | Sent::ClearAudio => {}
                Sent::Close { code, reason } => self.note_close(Some(code), reason),
                Sent::Break => self.note_close(None, String::new()),
            }
        }
    }

    fn note_close(&mut self, code: Option<u16>, reason: String) {
        self.closed = Some(Closed { code, reason });
    }

    /// Until the session has something to do, or a test has.
    async fn wait_for_more(&mut self) {
        let deadline = self.deadline();
        let control = self.control();
        let nothing_comes = self.session.is_waiting_for_client() && !self.session.expects_fault();
        assert!(
            !nothing_comes || control.is_shared_beside(SHARES),
            "nothing comes: the session waits for the client, and the client for the session; {}",
            self.so_far()
        );
        tokio::select! {
            () = sleep_until(deadline) => {}
            () = control.changed() => {}
        }
        self.pass_time();
    }

    fn pass_time(&mut self) {
        self.session.pass_time(self.started.elapsed());
        self.pump();
    }

    fn deadline(&self) -> Option<Instant> {
        let deadline = self.session.deadline()?;
        self.started.checked_add(deadline)
    }

    fn so_far(&self) -> String {
        format!("so far:\n{}", self.journal.timeline())
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl Drop for MockRealtimeClient {
    /// Checks what was expected, unless the test fails already. Of a test that fails the frames and
    /// the sound are saved where `MOCK_REALTIME_ARTIFACTS` names a directory.
    fn drop(&mut self) {
        conclude(self.outcome(), &self.journal);
    }
}
