//! What the mock answers, written down for the floor to answer the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::client::Client;
use crate::process::Process;
use crate::traffic::{self, Ask};

/// What is sent to a new connection, and in answer to each frame of the client.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Recording {
    pub(crate) greeting: Vec<Write>,
    pub(crate) answers: BTreeMap<String, Vec<Write>>,
}

/// What leaves in one write, so long after the one before.
#[derive(Deserialize, Serialize)]
pub(crate) struct Write {
    pub(crate) after_ms: u64,
    pub(crate) frames: Vec<String>,
}

impl Recording {
    /// Asks the mock everything that it is going to be asked.
    pub(crate) async fn of(mock: &Process) -> Self {
        let mut client = Client::connect(mock.address).await.unwrap();
        let mut recording = Self {
            greeting: at_once(vec![client.greeting.clone()]),
            ..Self::default()
        };
        for ask in traffic::ALL {
            let frames = client.ask(*ask).await.unwrap();
            let writes = if *ask == Ask::PACED_TURN {
                paced(frames)
            } else {
                at_once(frames)
            };
            // What comes before the last frame is not answered by itself: one write a turn.
            recording
                .answers
                .insert(ask.last_frame().to_owned(), writes);
        }
        recording
    }

    pub(crate) fn saved(&self) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        serde_json::to_writer(&mut file, self).unwrap();
        file
    }
}

fn at_once(frames: Vec<String>) -> Vec<Write> {
    vec![Write {
        after_ms: 0,
        frames,
    }]
}

/// Each delta begins a write, and what follows it belongs to it.
fn paced(frames: Vec<String>) -> Vec<Write> {
    let mut writes = Vec::new();
    for frame in frames {
        let is_delta = traffic::is_delta(&frame);
        match writes.last_mut() {
            None => writes.extend(at_once(vec![frame])),
            Some(_) if is_delta => writes.push(Write {
                after_ms: traffic::PACE_MS,
                frames: vec![frame],
            }),
            Some(Write { frames, .. }) => frames.push(frame),
        }
    }
    writes
}
