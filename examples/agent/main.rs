//! A call to the example agent: what the caller says comes from a WAV file, what they hear goes into
//! another. Without `MOCK_REALTIME=1` it is OpenAI that answers.
//!
//! ```console
//! MOCK_REALTIME=1 cargo run --example agent --features connect -- question.wav answer.wav
//! ```

#[path = "agent.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    reason = "an application's"
)]
mod agent;

use std::error::Error;
use std::time::Duration;

use agent::{Agent, Caller, Sound, Speaker, Tools};
use mock_realtime::audio::{AudioManager, Clip, Encoding};
use mock_realtime::connect::Target;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite;

const PIECE: Duration = Duration::from_millis(100);

/// How long the caller listens before they hang up.
const LISTEN: Duration = Duration::from_secs(8);

struct Restaurant;

impl Tools for Restaurant {
    fn definitions(&self) -> Value {
        json!([{
            "type": "function",
            "name": "free_tables",
            "description": "The free tables of an evening.",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
        }])
    }

    fn call(&mut self, name: &str, _: Value) -> Result<Value, String> {
        match name {
            "free_tables" => Ok(json!({"tables": [2, 4]})),
            _ => Err(format!("there is no function {name}")),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(question), Some(answer)) = (arguments.next(), arguments.next()) else {
        return Err("give two WAV files: the one to play, and the one to write".into());
    };
    let question = AudioManager::default().load(question)?;
    let target = Target::from_env()?;
    let connect = || {
        let target = target.clone();
        async move {
            let socket = target.connect("gpt-realtime").await;
            socket.map_err(|error| tungstenite::Error::Io(std::io::Error::other(error)))
        }
    };
    let (telephone, mut heard) = mpsc::unbounded_channel();
    let (speak, microphone) = mpsc::unbounded_channel();
    let caller = Caller {
        microphone,
        speaker: Speaker::new(telephone),
    };
    let call = Agent::new("You are a waiter.", Restaurant, connect).hold(caller);
    let talk = async move {
        let audio = question.encoded(Encoding::Pcm16);
        for piece in audio.chunks(Encoding::Pcm16.bytes_in(PIECE)) {
            let _ = speak.send(piece.to_vec());
            tokio::time::sleep(PIECE).await;
        }
        let _ = speak.send(Encoding::Pcm16.silence(Duration::from_secs(1)));
        tokio::time::sleep(LISTEN).await;
    };
    let (summary, ()) = tokio::join!(call, talk);
    println!("{:#?}", summary.map_err(|failure| format!("{failure:?}"))?);

    let mut played = Vec::new();
    while let Some(sound) = heard.recv().await {
        if let Sound::Play(audio) = sound {
            played.extend(audio);
        }
    }
    Clip::from_bytes(&played, Encoding::Pcm16).save(answer)?;
    Ok(())
}
