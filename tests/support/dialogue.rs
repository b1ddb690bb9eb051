//! A conversation with a scenario, in process.

use std::time::Duration;

use mock_realtime::engine::{DtmfKey, Input, SessionOptions};
use mock_realtime::scenario::{Scenario, ScenarioRun};
use serde_json::{Value, json};

use super::{Session, assert_valid_server_event, drain};

/// How long a client waits for what may still come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client that talks to a scenario in text.
pub(crate) struct Dialogue {
    pub(crate) session: Session,
    pub(crate) run: ScenarioRun,
    now: Duration,
}

impl Dialogue {
    /// A session that follows the scenario.
    pub(crate) fn with(scenario: &Scenario) -> Self {
        Self::configured(scenario, |_| {})
    }

    /// The same, with other options.
    pub(crate) fn configured(
        scenario: &Scenario,
        configure: impl FnOnce(&mut SessionOptions),
    ) -> Self {
        let run = scenario.start();
        let mut options = SessionOptions::default();
        run.configure(&mut options);
        configure(&mut options);
        let mut dialogue = Self {
            session: Session::new(options),
            run,
            now: Duration::ZERO,
        };
        dialogue.events();
        dialogue.update(&json!({ "output_modalities": ["text"] }));
        dialogue
    }

    /// What follows a frame, once all there is to wait for has been waited for, valid all of it.
    pub(crate) fn send(&mut self, frame: &Value) -> Vec<Value> {
        self.session
            .handle(Input::Text(&frame.to_string()), self.now);
        let mut events = self.events();
        let patience = self.now + PATIENCE;
        while let Some(deadline) = self.session.deadline().filter(|at| *at < patience) {
            self.now = deadline;
            self.session.handle(Input::Time, deadline);
            events.extend(self.events());
        }
        events
    }

    /// What there is to be sent now.
    pub(crate) fn events(&mut self) -> Vec<Value> {
        let events = drain(&mut self.session);
        let valid = events.iter().filter(|event| event["close"].is_null());
        valid.for_each(assert_valid_server_event);
        events
    }

    /// Changes the session.
    pub(crate) fn update(&mut self, settings: &Value) -> Vec<Value> {
        let mut session = settings.clone();
        session["type"] = json!("realtime");
        self.send(&json!({ "type": "session.update", "session": session }))
    }

    /// Declares functions.
    pub(crate) fn declare(&mut self, functions: &[&str]) {
        let tools: Vec<Value> = functions
            .iter()
            .map(|name| json!({ "type": "function", "name": name, "parameters": { "type": "object" } }))
            .collect();
        self.update(&json!({ "tools": tools }));
    }

    /// Adds an item to the conversation.
    pub(crate) fn item(&mut self, item: &Value) -> Vec<Value> {
        self.send(&json!({ "type": "conversation.item.create", "item": item }))
    }

    /// Says something without asking for a response.
    pub(crate) fn mention(&mut self, text: &str) {
        let content = [json!({ "type": "input_text", "text": text })];
        self.item(&json!({ "type": "message", "role": "user", "content": content }));
    }

    /// Asks for a response with these parameters.
    pub(crate) fn respond_with(&mut self, params: &Value) -> Vec<Value> {
        self.send(&json!({ "type": "response.create", "response": params }))
    }

    /// Asks for a response; gives what it puts out, in words.
    pub(crate) fn respond(&mut self) -> String {
        words(&self.respond_with(&json!({})))
    }

    /// Says something; gives the answer in words.
    pub(crate) fn say(&mut self, text: &str) -> String {
        self.mention(text);
        self.respond()
    }

    /// Gives the output of the last call of a function; gives the answer in words.
    pub(crate) fn give(&mut self, function: &str, output: &Value) -> String {
        self.output(function, output);
        self.respond()
    }

    /// Gives the output of the last call of a function.
    pub(crate) fn output(&mut self, function: &str, output: &Value) {
        let calls = self.session.conversation().items().rev();
        let calls = calls.map(|item| serde_json::to_value(item).unwrap());
        let call =
            { calls }.find(|item| item["type"] == "function_call" && item["name"] == function);
        let call_id = call.unwrap()["call_id"].clone();
        let output = output
            .as_str()
            .map_or_else(|| output.to_string(), str::to_owned);
        self.item(&json!({ "type": "function_call_output", "call_id": call_id, "output": output }));
    }

    /// Presses keys in the call.
    pub(crate) fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let key = DtmfKey::new(key).unwrap();
            self.session.handle(Input::Dtmf(key), self.now);
        }
        self.events();
    }

    /// Hears a turn of speech and its answer, in words.
    pub(crate) fn speak(&mut self) -> String {
        let audio = vec![0; 24_000];
        let audio = mock_realtime::protocol::Base64Audio::from(audio);
        self.send(&json!({ "type": "input_audio_buffer.append", "audio": audio }));
        self.send(&json!({ "type": "input_audio_buffer.commit" }));
        self.respond()
    }
}

/// What a response put out, in words: `text`, `call name(arguments)`, `failed`.
pub(crate) fn words(events: &[Value]) -> String {
    let Some(done) = events.iter().find(|event| event["type"] == "response.done") else {
        return String::new();
    };
    let response = &done["response"];
    let items = response["output"].as_array().unwrap().iter().map(|item| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match text(&item["type"]).as_str() {
            "message" => {
                let content = &item["content"][0];
                text(&content["text"]) + &text(&content["transcript"])
            }
            "function_call" => {
                format!("call {}({})", text(&item["name"]), text(&item["arguments"]))
            }
            "mcp_call" => format!(
                "mcp {}({}) = {}{}",
                text(&item["name"]),
                text(&item["arguments"]),
                text(&item["output"]),
                text(&item["error"]["message"])
            ),
            "mcp_approval_request" => format!("may I {}?", text(&item["name"])),
            other => other.to_owned(),
        }
    });
    let said: Vec<String> = items.collect();
    let mut said = said.join(" | ");
    if response["status"] != "completed" {
        said = format!("{said} [{}]", response["status"].as_str().unwrap());
    }
    said
}
