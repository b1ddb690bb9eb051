//! A session that a client is walked through: the engine's, with a flow that is done in it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::{DtmfKey, Input, Output, Session, TranslationSession};
use crate::expect::Direction;
use crate::protocol::realtime::{
    ClientEvent, InputAudioBufferAppend, ServerEventKind, TranslationClientEvent,
    TranslationSessionInputAudioBufferAppend,
};
use crate::protocol::{EventKind, encode};

use super::Sessions;
use super::flows::{Flow, NextPlan, Step, speech_between_silences};

/// An event of a session, and whose it is.
pub(crate) type Said = (Direction, Value);

/// A session, and the flow that is done in it.
#[derive(Debug)]
pub(crate) struct ExercisedSession {
    engine: Engine,
    flow: &'static Flow,
    next: NextPlan,
    runs: u64,
    /// How much time the flow has let pass.
    ahead: Duration,
    now: Duration,
    /// The model's last item, and its last call of a function.
    last_item: String,
    last_call: String,
    closed: Option<(u16, String)>,
}

/// The two kinds of session that the engine has.
#[derive(Debug)]
enum Engine {
    Conversation(Box<Session>),
    Translation(Box<TranslationSession>),
}

impl ExercisedSession {
    /// A session that has just begun.
    pub(crate) fn new(flow: &'static Flow, seed: u64) -> Self {
        let next = NextPlan::default();
        let engine = match flow.sessions {
            Sessions::Conversations | Sessions::Transcriptions => {
                Engine::Conversation(Box::new(Session::new(flow.options(seed, &next))))
            }
            Sessions::Translations => Engine::Translation(Box::new(TranslationSession::new(
                Flow::translation_options(seed),
            ))),
        };
        Self {
            engine,
            flow,
            next,
            runs: 0,
            ahead: Duration::ZERO,
            now: Duration::ZERO,
            last_item: String::new(),
            last_call: String::new(),
            closed: None,
        }
    }

    /// What the session opens with.
    pub(crate) fn open(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        self.hear_server(&mut said);
        said
    }

    /// Does the flow, all of it at once; what both sides say in it.
    pub(crate) fn run(&mut self, now: Duration) -> Vec<Said> {
        self.runs += 1;
        self.now = self.now.max(now);
        let mut said = Vec::new();
        for step in (self.flow.steps)() {
            self.take_step(step, &mut said);
            self.hear_server(&mut said);
        }
        said
    }

    /// Takes a text of the client; what the session says to it.
    pub(crate) fn take(&mut self, text: &str, now: Duration) -> Vec<Said> {
        self.now = self.now.max(now);
        let now = self.time();
        match &mut self.engine {
            Engine::Conversation(session) => session.handle(Input::Text(text), now),
            Engine::Translation(session) => session.handle(Input::Text(text), now),
        }
        self.open()
    }

    /// Takes a binary frame of the client.
    pub(crate) fn take_binary(&mut self, now: Duration) -> Vec<Said> {
        self.now = self.now.max(now);
        let now = self.time();
        match &mut self.engine {
            Engine::Conversation(session) => session.handle(Input::Binary, now),
            Engine::Translation(session) => session.handle(Input::Binary, now),
        }
        self.open()
    }

    /// With what the session was closed, if it was.
    pub(crate) fn closed(&self) -> Option<(u16, &str)> {
        let (code, reason) = self.closed.as_ref()?;
        Some((*code, reason))
    }

    fn time(&self) -> Duration {
        self.now.saturating_add(self.ahead)
    }

    fn take_step(&mut self, step: Step, said: &mut Vec<Said>) {
        match step {
            Step::Plan(plan) => {
                let mut next = self
                    .next
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                *next = Some(*plan);
            }
            Step::Send(event) => {
                let text = event
                    .to_string()
                    .replace("$RUN", &self.runs.to_string())
                    .replace("$ITEM", &self.last_item)
                    .replace("$CALL", &self.last_call);
                self.send(&text, said);
            }
            Step::Speak => self.speak(said),
            Step::Press(key) => {
                let now = self.time();
                if let (Engine::Conversation(session), Some(key)) =
                    (&mut self.engine, DtmfKey::new(key))
                {
                    session.handle(Input::Dtmf(key), now);
                }
            }
            Step::Pass(time) => self.pass(time),
        }
    }

    /// Somebody in the session sends this.
    fn send(&mut self, text: &str, said: &mut Vec<Said>) {
        said.push((
            Direction::Client,
            serde_json::from_str(text).unwrap_or_default(),
        ));
        let now = self.time();
        match &mut self.engine {
            Engine::Conversation(session) => session.handle(Input::Text(text), now),
            Engine::Translation(session) => session.handle(Input::Text(text), now),
        }
    }

    fn speak(&mut self, said: &mut Vec<Said>) {
        let audio = speech_between_silences();
        let mut text = String::new();
        let written = match &self.engine {
            Engine::Conversation(_) => encode(
                &ClientEvent::from(InputAudioBufferAppend::new(audio)),
                &mut text,
            ),
            Engine::Translation(_) => encode(
                &TranslationClientEvent::from(TranslationSessionInputAudioBufferAppend::new(audio)),
                &mut text,
            ),
        };
        match written {
            Ok(()) => self.send(&text, said),
            Err(error) => tracing::error!(%error, "an event could not be written"),
        }
    }

    /// Lets time pass, each thing at its time.
    fn pass(&mut self, time: Duration) {
        self.ahead = self.ahead.saturating_add(time);
        let now = self.time();
        match &mut self.engine {
            Engine::Conversation(session) => session.handle(Input::Time, now),
            Engine::Translation(session) => session.handle(Input::Time, now),
        }
    }

    /// All that the session says now.
    fn hear_server(&mut self, said: &mut Vec<Said>) {
        while let Some(text) = self.poll() {
            let event: Value = serde_json::from_str(&text).unwrap_or_default();
            self.note(&event);
            said.push((Direction::Server, event));
        }
    }

    fn poll(&mut self) -> Option<String> {
        loop {
            let mut text = String::new();
            let written = match &mut self.engine {
                Engine::Conversation(session) => match session.poll()? {
                    Output::Event(event) => encode(&event, &mut text),
                    other => {
                        self.note_end(other);
                        continue;
                    }
                },
                Engine::Translation(session) => match session.poll()? {
                    Output::Event(event) => encode(&event, &mut text),
                    other => {
                        self.note_end(other);
                        continue;
                    }
                },
            };
            match written {
                Ok(()) => return Some(text),
                Err(error) => tracing::error!(%error, "an event could not be written"),
            }
        }
    }

    fn note_end<S>(&mut self, output: Output<S>) {
        if let Output::Close { code, reason } = output {
            self.closed = Some((code, reason));
        }
    }

    fn note(&mut self, event: &Value) {
        if event["type"] != json!(ServerEventKind::ResponseOutputItemAdded.as_str()) {
            return;
        }
        let item = &event["item"];
        item["id"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.last_item);
        if let Some(call) = item["call_id"].as_str() {
            call.clone_into(&mut self.last_call);
        }
    }
}
