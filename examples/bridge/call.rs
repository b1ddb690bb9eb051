//! A call: the caller on one side, the model on the other. No socket and no clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use mock_realtime::audio::Encoding;
use mock_realtime::protocol::realtime::{
    AudioInputConfig, AudioOutputConfig, ClientEvent, ConversationItem, ConversationItemCreate,
    ConversationItemTruncate, ErrorEvent, FunctionCallOutput, InputAudioBufferAppend, Message,
    RealtimeSessionConfig, ResponseCreate, ResponseOutputAudioDelta, ServerEvent,
    SessionAudioConfig, SessionUpdate, SystemContent, SystemContentType, SystemMessage,
};
use mock_realtime::protocol::{Base64Audio, CallId, ResponseId};
use serde_json::Value;
use tokio::time::Instant;

use super::carrier::{Carrier, FromCaller};
use super::playout::Playout;
use super::tools::{Outcome, Tools};

/// The code of the error that says that one response has to end before the next.
const ACTIVE_RESPONSE: &str = "conversation_already_has_active_response";

/// How much of the caller is told to the model at once. Carriers send half of it, and an event costs the
/// same whatever is in it; nobody notices the rest of the time that it takes.
const PIECE: Duration = Duration::from_millis(40);

/// A function that the model calls, to be run while the call goes on.
#[derive(Clone, Debug)]
pub struct ToolCall {
    pub id: CallId,
    pub name: String,
    pub arguments: Value,
}

/// One call. What it wants done is taken out of it after each thing it is told.
pub struct Call {
    carrier: Box<dyn Carrier>,
    playout: Playout,
    /// What the caller said, and the model is not told yet.
    said: Vec<u8>,
    to_model: VecDeque<ClientEvent>,
    tool_calls: VecDeque<ToolCall>,
    response: Response,
    /// The model wants to end the call, once what it said has been heard.
    ends: bool,
    /// The carrier's line is broken: what the model says meanwhile waits for the next one.
    waiting: Option<VecDeque<ServerEvent>>,
    /// The conversation that the carrier has come back to.
    is_for: Option<String>,
    phase: Phase,
}

/// How far the call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The carrier has not said yet that there is a call.
    Ringing,
    Open,
    /// Both sockets are to be closed.
    Over,
}

/// What the model is doing.
#[derive(Debug, Default)]
struct Response {
    current: Option<ResponseId>,
    /// The caller has spoken into it: what else comes of it is not played.
    is_interrupted: bool,
    /// Something waits for a response of its own.
    is_wanted: bool,
}

impl Call {
    pub fn new(carrier: Box<dyn Carrier>) -> Self {
        Self {
            carrier,
            playout: Playout::default(),
            said: Vec::new(),
            to_model: VecDeque::new(),
            tool_calls: VecDeque::new(),
            response: Response::default(),
            ends: false,
            waiting: None,
            is_for: None,
            phase: Phase::Ringing,
        }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The conversation that the carrier has come back to, if it is not a new one.
    pub fn is_for(&mut self) -> Option<String> {
        self.is_for.take()
    }

    /// What the carrier calls the conversation, where it can come back to it.
    pub fn conversation(&self) -> Option<&str> {
        self.carrier.conversation()
    }

    /// What goes to the carrier next.
    pub fn next_frame(&mut self) -> Option<String> {
        self.carrier.next_frame()
    }

    /// What goes to the model next.
    pub fn next_event(&mut self) -> Option<ClientEvent> {
        self.to_model.pop_front()
    }

    /// The next function to run.
    pub fn next_tool_call(&mut self) -> Option<ToolCall> {
        self.tool_calls.pop_front()
    }

    /// When [`Call::wake`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let is_closing = self.ends && self.phase == Phase::Open && self.response.current.is_none();
        self.playout.end().filter(|_| is_closing)
    }

    /// The last words have been heard.
    pub fn wake(&mut self, now: Instant) {
        if self.deadline().is_some_and(|end| end <= now) {
            self.hang_up();
        }
    }

    /// Takes a frame of the carrier.
    pub fn carrier_sent(&mut self, frame: &str, tools: &dyn Tools, now: Instant) {
        for heard in self.carrier.read(frame) {
            match heard {
                FromCaller::Began(parameters) => self.begin(&parameters, tools),
                FromCaller::Said(audio) => self.hear(&audio),
                FromCaller::FellSilent => self.tell_said(),
                FromCaller::Pressed(key) => {
                    self.tell_said();
                    self.tell_item(ConversationItem::user_text(format!("Pressed key: {key}")));
                    self.want_response();
                }
                FromCaller::Played(item) => self.playout.heard(&item),
                FromCaller::Returned(conversation) if self.phase == Phase::Ringing => {
                    self.is_for = Some(conversation);
                }
                FromCaller::Returned(_) => {}
                FromCaller::HungUp => self.phase = Phase::Over,
            }
        }
        self.wake(now);
    }

    /// The carrier's line is broken. It may come back.
    pub fn line_broke(&mut self) {
        self.waiting.get_or_insert_default();
    }

    /// The carrier is back, on a new line.
    pub fn taken_up(&mut self, now: Instant) {
        self.carrier.taken_up();
        for event in self.waiting.take().unwrap_or_default() {
            self.model_sent(event, now);
        }
    }

    /// There is no conversation that the carrier could come back to.
    pub fn refuse(&mut self, why: &str) {
        self.carrier.refuse(why);
        self.phase = Phase::Over;
    }

    /// The carrier's socket is gone.
    pub fn carrier_left(&mut self) {
        self.phase = Phase::Over;
    }

    /// Without a model there is nobody to talk to.
    pub fn model_left(&mut self) {
        self.hang_up();
    }

    /// Takes an event of the model.
    pub fn model_sent(&mut self, event: ServerEvent, now: Instant) {
        if let Some(waiting) = &mut self.waiting {
            return waiting.push_back(event);
        }
        match event {
            ServerEvent::InputAudioBufferSpeechStarted(_) => self.interrupt(now),
            ServerEvent::ResponseCreated(event) => {
                self.response.current = event.response.id;
                self.response.is_interrupted = false;
            }
            ServerEvent::ResponseOutputAudioDelta(event) => self.play(&event, now),
            ServerEvent::ResponseOutputAudioDone(event) if !self.response.is_interrupted => {
                self.carrier.finish(&event.item_id);
            }
            ServerEvent::ResponseFunctionCallArgumentsDone(event) => {
                self.tool_calls.push_back(ToolCall {
                    id: event.call_id,
                    name: event.name,
                    // A function that is called with something else says what is wrong.
                    arguments: serde_json::from_str(&event.arguments).unwrap_or_default(),
                });
            }
            ServerEvent::ResponseDone(_) => {
                self.response.current = None;
                if std::mem::take(&mut self.response.is_wanted) {
                    self.tell(ResponseCreate::default());
                }
                self.end_if_said(now);
            }
            ServerEvent::Error(error) => self.heed(&error),
            _ => {}
        }
    }

    /// A function has been run.
    pub fn tool_answered(&mut self, id: CallId, outcome: Outcome, now: Instant) {
        match outcome {
            Outcome::Answer(answer) => {
                let output = FunctionCallOutput::new(id, answer.to_string());
                self.tell_item(ConversationItem::from(output));
                self.want_response();
            }
            Outcome::HangUp => {
                self.ends = true;
                self.end_if_said(now);
            }
        }
    }

    fn begin(&mut self, parameters: &BTreeMap<String, String>, tools: &dyn Tools) {
        if self.phase != Phase::Ringing {
            return;
        }
        self.phase = Phase::Open;
        self.tell(session(self.carrier.as_ref(), tools));
        if !parameters.is_empty() {
            self.tell_item(ConversationItem::from(about_the_call(parameters)));
        }
        // The caller is greeted.
        self.want_response();
    }

    fn hear(&mut self, audio: &[u8]) {
        self.said.extend(audio);
        let encoding = Encoding::of(&self.carrier.model_format());
        if encoding.duration(self.said.len()) >= PIECE {
            self.tell_said();
        }
    }

    fn tell_said(&mut self) {
        let said = std::mem::take(&mut self.said);
        if !said.is_empty() {
            self.tell(InputAudioBufferAppend::new(Base64Audio::from(said)));
        }
    }

    fn play(&mut self, event: &ResponseOutputAudioDelta, now: Instant) {
        if self.response.is_interrupted {
            return;
        }
        let encoding = Encoding::of(&self.carrier.model_format());
        let audio = event.delta.bytes();
        let length = encoding.duration(audio.len());
        self.playout.add(&event.item_id, length, now);
        self.carrier.play(&event.item_id, audio);
    }

    /// The caller speaks. The model stops by itself; it has to be told what was not heard of it.
    fn interrupt(&mut self, now: Instant) {
        self.response.is_interrupted = self.response.current.is_some();
        let cut = self.playout.cut(now);
        if cut.is_empty() {
            return;
        }
        self.carrier.interrupt();
        for (item, heard) in cut {
            self.tell(ConversationItemTruncate::new(item, 0_u64, millis(heard)));
        }
    }

    /// A response that was asked for while the model began one by itself is asked for again.
    fn heed(&mut self, error: &ErrorEvent) {
        if error
            .error
            .code
            .value()
            .is_some_and(|code| code == ACTIVE_RESPONSE)
        {
            self.response.is_wanted = true;
        }
    }

    fn want_response(&mut self) {
        if self.response.current.is_some() {
            self.response.is_wanted = true;
        } else {
            self.tell(ResponseCreate::default());
        }
    }

    fn end_if_said(&mut self, now: Instant) {
        let is_heard = self.playout.end().is_none_or(|end| end <= now);
        if self.ends && self.response.current.is_none() && is_heard {
            self.hang_up();
        }
    }

    fn hang_up(&mut self) {
        self.carrier.hang_up();
        self.phase = Phase::Over;
    }

    fn tell(&mut self, event: impl Into<ClientEvent>) {
        self.to_model.push_back(event.into());
    }

    fn tell_item(&mut self, item: ConversationItem) {
        self.tell(ConversationItemCreate::new(item));
    }
}

/// The session's settings: the carrier's format both ways, so that nothing has to be converted where
/// the model speaks it.
fn session(carrier: &dyn Carrier, tools: &dyn Tools) -> SessionUpdate {
    let audio = SessionAudioConfig {
        input: Some(AudioInputConfig {
            format: Some(carrier.model_format()),
            ..AudioInputConfig::default()
        }),
        output: Some(AudioOutputConfig {
            format: Some(carrier.model_format()),
            ..AudioOutputConfig::default()
        }),
    };
    SessionUpdate::new(RealtimeSessionConfig {
        instructions: Some("You answer the telephone. Be brief.".to_owned()),
        audio: Some(audio),
        tools: Some(tools.definitions()),
        ..RealtimeSessionConfig::default()
    })
}

/// What the model is told of the caller.
fn about_the_call(parameters: &BTreeMap<String, String>) -> Message {
    let lines = parameters
        .iter()
        .map(|(name, value)| format!("{name}: {value}"));
    let text = format!("About this call:\n{}", lines.collect::<Vec<_>>().join("\n"));
    Message::from(SystemMessage::new(vec![SystemContent {
        type_: Some(SystemContentType::InputText),
        text: Some(text),
    }]))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
