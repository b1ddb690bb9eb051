//! A text conversation in process: no server, no socket, no waiting.
//!
//! ```console
//! cargo run --example text_conversation
//! ```

use std::time::Duration;

use mock_realtime::engine::{Input, Output, Session, SessionOptions};
use mock_realtime::generators::Scripted;
use mock_realtime::protocol::realtime::{
    ClientEvent, ConversationItem, ConversationItemCreate, Modality, RealtimeSessionConfig,
    ResponseCreate, ServerEvent, SessionConfig, SessionUpdate,
};

fn main() {
    // Two answers of our own; after them the mock repeats what the user said.
    let answers = Scripted::new(["Good morning! What can I do for you?", "A table for four."]);
    let mut session = Session::new(SessionOptions {
        generator: Box::new(answers),
        ..SessionOptions::default()
    });

    let config = RealtimeSessionConfig {
        output_modalities: Some(vec![Modality::Text]),
        ..RealtimeSessionConfig::default()
    };
    send(
        &mut session,
        SessionUpdate::new(SessionConfig::from(config)),
    );

    for question in ["Good morning.", "I booked a table.", "Thank you!"] {
        println!("user:      {question}");
        let item = ConversationItem::user_text(question);
        send(&mut session, ConversationItemCreate::new(item));
        send(&mut session, ResponseCreate::default());
    }
}

/// Gives the session an event, and prints what it says to that.
fn send(session: &mut Session, event: impl Into<ClientEvent>) {
    // The engine has no clock: this conversation takes no time at all.
    session.handle(Input::Event(event.into()), Duration::ZERO);
    while let Some(output) = session.poll() {
        match output {
            Output::Event(ServerEvent::ResponseOutputTextDone(done)) => {
                println!("assistant: {}", done.text);
            }
            Output::Event(ServerEvent::Error(error)) => {
                println!("error:     {}", error.error.message);
            }
            Output::Close { reason, .. } => println!("closed:    {reason}"),
            _ => {}
        }
    }
}
