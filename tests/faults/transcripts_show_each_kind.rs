//! Each kind of fault as its client sees it, frame by frame. `%` is the fault as a file has it, `@` the
//! time in milliseconds, `>` what the client sends, `<` what reaches it, `x` the end of the connection,
//! `!` what the journal says went wrong.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::client::MockSocket;
use mock_realtime::expect::Journal;
use mock_realtime::faults::{Fault, FaultKind, Faults};
use mock_realtime::server::{MockServer, run_session_with_faults};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::examples::{examples, options, script};
use super::support::transcript::readable;

const PATIENCE: Duration = Duration::from_secs(3);

/// Set to write what happens now over what the transcripts say.
const UPDATE: &str = "UPDATE_TRANSCRIPTS";

#[test]
fn there_is_an_example_of_each() {
    let shown: BTreeSet<_> = examples().iter().map(|fault| fault.kind().name()).collect();
    assert_eq!(shown, FaultKind::NAMES.iter().copied().collect());
}

#[tokio::test(start_paused = true)]
async fn as_its_client_sees_it() {
    for fault in examples() {
        let mut seen = Transcript::of(&fault);
        match fault.kind() {
            FaultKind::RefuseHandshake(_) | FaultKind::SlowAccept(_) => {
                seen.knock(fault.clone()).await;
            }
            FaultKind::Packets(_) | FaultKind::Fragments(_) => seen.read_bytes(fault.clone()).await,
            _ => seen.talk(fault.clone()).await,
        }
        seen.compare(fault.kind().name());
    }
}

struct Transcript {
    text: String,
    start: Instant,
    told: u128,
}

impl Transcript {
    fn of(fault: &Fault) -> Self {
        let fault = serde_json::to_string(fault).unwrap();
        Self {
            text: format!("% {fault}\n"),
            start: Instant::now(),
            told: 0,
        }
    }

    fn note(&mut self, mark: char, what: &str) {
        let now = self.start.elapsed().as_millis();
        if now != self.told {
            self.told = now;
            writeln!(self.text, "@ {now}").unwrap();
        }
        writeln!(self.text, "{mark} {what}").unwrap();
    }

    fn note_faults(&mut self, journal: &Journal) {
        for entry in journal.entries() {
            for fired in &entry.faults {
                let ms = entry.at.as_millis();
                writeln!(self.text, "! {ms} {} {fired}", entry.frame.name()).unwrap();
            }
        }
    }

    /// A conversation in process.
    async fn talk(&mut self, fault: Fault) {
        let frames = script(fault.kind());
        let mut socket = MockSocket::with_faults(options(), &fault.into());
        self.hear(&mut socket).await;
        for frame in frames {
            let text = frame.to_string();
            self.note('>', &readable(frame));
            if socket.send(Message::text(text)).await.is_err() {
                break;
            }
            self.hear(&mut socket).await;
        }
        self.note_faults(socket.journal());
    }

    /// All that comes until nothing does.
    async fn hear(&mut self, socket: &mut MockSocket) {
        while let Ok(message) = tokio::time::timeout(PATIENCE, socket.next()).await {
            match message {
                Some(Ok(Message::Text(text))) => {
                    let event = serde_json::from_str::<Value>(&text);
                    self.note('<', &event.map_or_else(|_| text.to_string(), readable));
                }
                Some(Ok(Message::Close(Some(close)))) => {
                    self.note('x', &format!("{} {}", u16::from(close.code), close.reason));
                }
                None => return self.note('x', "gone"),
                other => panic!("{other:?}"),
            }
        }
    }

    /// A handshake.
    async fn knock(&mut self, fault: Fault) {
        let mock = MockServer::builder()
            .started_at(1_800_000_000)
            .faults(fault)
            .start()
            .await;
        match mock.connect() {
            Ok(mut socket) => self.hear(&mut socket).await,
            Err(Error::Http(response)) => {
                self.note('<', &response.status().to_string());
                for (name, value) in response.headers() {
                    self.note('<', &format!("{name}: {}", value.to_str().unwrap()));
                }
                let body = response.body().as_deref().unwrap_or_default();
                self.note('<', &String::from_utf8_lossy(body));
            }
            Err(other) => panic!("{other}"),
        }
        self.note_faults(mock.journal());
    }

    /// A conversation over a pipe, of which one event after another is shown as it is read.
    async fn read_bytes(&mut self, fault: Fault) {
        let journal = Journal::default();
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        let frames = script(fault.kind());
        let noted = journal.clone();
        let serving = tokio::spawn(async move {
            run_session_with_faults(server, options(), &Faults::from(fault), &noted).await;
        });
        for frame in frames {
            self.note('>', &frame.to_string());
            write_frame(&mut client, &frame.to_string()).await;
        }
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(read) = tokio::time::timeout(PATIENCE, client.read(&mut bytes)).await {
            let read = &bytes[..read.unwrap()];
            let text: String = String::from_utf8_lossy(read)
                .chars()
                .map(|character| {
                    if character.is_control() {
                        '·'
                    } else {
                        character
                    }
                })
                .collect();
            self.note('<', &format!("{} bytes: {text}", read.len()));
        }
        serving.abort();
        self.note_faults(&journal);
    }

    fn compare(&self, kind: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/transcripts/fault_{kind}.jsonl"));
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(&path, &self.text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        for (number, (played, expected)) in self.text.lines().zip(expected.lines()).enumerate() {
            assert_eq!(
                played,
                expected,
                "{}:{}; {UPDATE}=1 rewrites it",
                path.display(),
                number + 1
            );
        }
        assert_eq!(
            self.text.lines().count(),
            expected.lines().count(),
            "{}",
            path.display()
        );
    }
}

/// A text as a client writes it: masked with zeros, which leaves it as it is.
async fn write_frame(stream: &mut (impl tokio::io::AsyncWrite + Unpin), text: &str) {
    use tokio::io::AsyncWriteExt;
    let length = u16::try_from(text.len()).unwrap();
    let mut frame = vec![0x81, 0xfe];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    stream.write_all(&frame).await.unwrap();
}
