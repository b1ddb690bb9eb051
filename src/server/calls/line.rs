//! The session of a call: between the caller's line and the sideband sockets.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::audio::{AudioRecorder, Clip};
use crate::dialect::DialectSession;
use crate::mock::{Engine, MockSession, Sent, SentKind, SessionControl};
use crate::protocol::encode;
use crate::protocol::realtime::ServerEvent;

use super::super::admission::Place;
use super::super::shutdown::{Phase, Stopping};
use super::call::{Accepting, Call};
use super::caller::{Act, Caller, FRAME};
use super::record::{CallAudio, CallEvent, Outcome, TELEPHONE};

/// What comes from a sideband socket.
#[derive(Debug)]
pub(super) enum Command {
    Text(Utf8Bytes),
    Binary,
    NotUtf8,
}

/// A call that is held.
#[derive(Debug)]
pub(super) struct Line {
    call: Arc<Call>,
    session: Box<MockSession>,
    /// Who is on the telephone. The media of WebRTC calls is not carried.
    caller: Option<Caller>,
    commands: mpsc::Receiver<Command>,
    until: oneshot::Receiver<Infallible>,
    start: Instant,
    /// How many frames the telephone has sent.
    frames: u32,
    recorder: AudioRecorder,
    _place: Place,
}

impl Line {
    pub(super) fn new(
        call: Arc<Call>,
        session: MockSession,
        accepting: Accepting,
        place: Place,
    ) -> Self {
        Self {
            call,
            session: Box::new(session),
            caller: accepting.incoming.map(|incoming| incoming.caller()),
            commands: accepting.commands,
            until: accepting.until,
            start: Instant::now(),
            frames: 0,
            recorder: AudioRecorder::default(),
            _place: place,
        }
    }

    /// Holds the call until somebody ends it.
    pub(super) async fn hold(mut self, stopping: Stopping) {
        if let Some(outcome) = self.until_the_end(stopping).await {
            self.call.end(outcome);
        }
        let outcome = self.call.record().outcome;
        match outcome {
            Some(Outcome::SessionClosed { .. }) => {}
            Some(Outcome::ServerStopped) => self.session.end(1001, "the server is shutting down"),
            _ => self.session.end(1000, "The call has ended."),
        }
        // What was still to be played when the call ended nobody heard.
        let length = TELEPHONE.bytes_in(self.start.elapsed());
        let until_now = |clip: Clip| {
            let mut audio = clip.encoded(TELEPHONE);
            audio.truncate(length);
            audio
        };
        self.call.keep(CallAudio {
            caller: until_now(self.recorder.heard()),
            model: until_now(self.recorder.said()),
        });
        self.call.part_done();
        tracing::info!(call = %self.call.id, "call over");
    }

    /// How the call ends, unless somebody else has ended it.
    async fn until_the_end(&mut self, mut stopping: Stopping) -> Option<Outcome> {
        loop {
            if let Some(outcome) = self.send_due() {
                return Some(outcome);
            }
            if self.is_to_end(&stopping) {
                return Some(Outcome::ServerStopped);
            }
            let next = self.next();
            // What was sent may have begun something outside.
            let control = self.session.control();
            // In this order, so that the same calls give the same bytes.
            tokio::select! {
                biased;
                _ = &mut self.until => return None,
                Some(command) = self.commands.recv() => self.take(command),
                () = changed(control.as_ref()) => self.session.pass_time(self.start.elapsed()),
                () = sleep_until(next) => if self.come_back() {
                    return Some(Outcome::CallerHungUp);
                },
                () = stopping.moves_on() => {}
            }
        }
    }

    /// A server that is about to end waits for the response that is on its way.
    fn is_to_end(&self, stopping: &Stopping) -> bool {
        match stopping.phase() {
            Phase::Serving => false,
            Phase::Draining => self.session.is_waiting_for_client(),
            Phase::Stopping => true,
        }
    }

    fn take(&mut self, command: Command) {
        let now = self.start.elapsed();
        match command {
            Command::Text(text) => {
                self.session.take_text(&text, now);
            }
            Command::Binary => self.session.take_binary(now),
            Command::NotUtf8 => self.session.take_not_utf8(now),
        }
    }

    /// When something is due if nothing comes before.
    fn next(&self) -> Option<Instant> {
        let deadline = self.session.deadline();
        let frame = self.caller.as_ref().map(|_| FRAME * self.frames);
        let next = [deadline, frame].into_iter().flatten().min()?;
        self.start.checked_add(next)
    }

    /// Does what has come due; says whether the caller hangs up.
    fn come_back(&mut self) -> bool {
        let now = self.start.elapsed();
        let due = FRAME * self.frames;
        if due <= now {
            self.frames += 1;
            if self.carry_frame(due) {
                return true;
            }
        } else {
            self.session.pass_time(now);
        }
        false
    }

    /// What the caller does in a frame's time, and the frame; says whether they hang up.
    fn carry_frame(&mut self, now: Duration) -> bool {
        let Some(caller) = &mut self.caller else {
            return false;
        };
        while let Some(act) = caller.act(now) {
            match act {
                Act::Speaks(text, length) => self.call.note(CallEvent::CallerSpoke {
                    text,
                    duration_ms: u64::try_from(length.as_millis()).unwrap_or(u64::MAX),
                }),
                Act::Presses(key) => {
                    self.session.press(key, now);
                    let key = key.character();
                    self.call.note(CallEvent::KeyPressed { key });
                }
                Act::HangsUp => return true,
            }
        }
        let encoding = self.session.engine().engine().input_encoding();
        let frame = caller.frame(encoding);
        self.recorder.caller_said(&frame, encoding, now);
        self.session.listen(&frame, now);
        false
    }

    /// Gives away all that is due; says how the call ends if it does.
    fn send_due(&mut self) -> Option<Outcome> {
        let now = self.start.elapsed();
        while let Some(sent) = self.session.poll() {
            match sent {
                Sent::Event(event) => {
                    self.observe(&event, now);
                    self.tell_event(&event);
                }
                Sent::Translated(event, text) => {
                    self.observe(&event, now);
                    self.call.tell(Some(kind(&event)), &text.into());
                }
                Sent::Text(text) | Sent::Cut { text, .. } => self.call.tell(None, &text.into()),
                Sent::Audio { audio, encoding } => {
                    self.recorder.call_played(&audio, encoding, now);
                }
                // The event that says so is what the recorder goes by.
                Sent::ClearAudio => {}
                Sent::Close { code, reason } => {
                    let code = Some(code);
                    return Some(Outcome::SessionClosed { code, reason });
                }
                Sent::Break => {
                    return Some(Outcome::SessionClosed {
                        code: None,
                        reason: String::new(),
                    });
                }
            }
        }
        None
    }

    /// Written once for all who follow the call, and not at all if nobody does.
    fn tell_event(&self, event: &ServerEvent) {
        if !self.call.is_followed() {
            return;
        }
        let mut text = String::new();
        match encode(event, &mut text) {
            Ok(()) => self.call.tell(Some(kind(event)), &text.into()),
            Err(error) => tracing::error!(%error, "an event could not be written"),
        }
    }

    /// What the caller hears, and the record.
    fn observe(&mut self, event: &ServerEvent, now: Duration) {
        self.recorder.server_sent(event, now);
        let heard = match event {
            ServerEvent::OutputAudioBufferStarted(_) => CallEvent::PlaybackStarted,
            ServerEvent::OutputAudioBufferStopped(_) => CallEvent::PlaybackStopped,
            ServerEvent::OutputAudioBufferCleared(_) => CallEvent::PlaybackCleared,
            _ => return,
        };
        if let Some(caller) = &mut self.caller {
            match &heard {
                CallEvent::PlaybackStarted => caller.hears(now),
                _ => caller.hears_nothing(),
            }
        }
        self.call.note(heard);
    }
}

fn kind(event: &ServerEvent) -> SentKind {
    DialectSession::kind(event)
}

/// Sleeps until then, or for ever.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => pending().await,
    }
}

/// Ready when a test wants something of the session.
async fn changed(control: Option<&SessionControl>) {
    match control {
        Some(control) => control.changed().await,
        None => pending().await,
    }
}
