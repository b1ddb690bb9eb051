//! What the bridge does for the model.

use std::future::Future;
use std::pin::Pin;

use mock_realtime::protocol::realtime::Tool;
use serde_json::{Value, json};

/// What comes of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The model is told this, and speaks again.
    Answer(Value),
    /// The call ends when what was said has been heard.
    HangUp,
}

/// A function that is running. The call goes on meanwhile.
pub type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The functions that the model may call.
pub trait Tools: Send + Sync {
    /// What they are, as in `session.update`.
    fn definitions(&self) -> Vec<Tool>;

    /// Runs one. What goes wrong is told to the model, too.
    fn run(&self, name: &str, arguments: Value) -> Running;
}

/// Those of a shop that ships parcels.
#[derive(Clone, Copy, Debug)]
pub struct Shop;

impl Tools for Shop {
    fn definitions(&self) -> Vec<Tool> {
        let definitions = json!([
            {
                "type": "function", "name": "order_status", "description": "Where an order is.",
                "parameters": {
                    "type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"],
                },
            },
            {
                "type": "function", "name": "hang_up", "description": "Ends the call, after a goodbye.",
                "parameters": {"type": "object", "properties": {}},
            },
        ]);
        // They are as written above, so there is nothing that cannot be read.
        serde_json::from_value(definitions).unwrap_or_default()
    }

    fn run(&self, name: &str, arguments: Value) -> Running {
        let outcome = match (name, arguments["order"].as_str()) {
            ("order_status", Some(order)) => {
                Outcome::Answer(json!({"order": order, "status": "shipped"}))
            }
            ("order_status", None) => Outcome::Answer(json!({"error": "say which order"})),
            ("hang_up", _) => Outcome::HangUp,
            _ => Outcome::Answer(json!({"error": format!("there is no function {name}")})),
        };
        Box::pin(std::future::ready(outcome))
    }
}
