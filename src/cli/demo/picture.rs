//! The timeline: the agent on the left, the mock on the right, time downwards.

use std::io::{self, Stdout, Write};
use std::time::Duration;

use mock_realtime::protocol::realtime::{
    ClientEvent, ConversationItem, ResponseStatus, ServerEvent, Session,
};
use mock_realtime::protocol::{Event, EventKind};
use owo_colors::Style;

use super::call::TICK;
use super::sound::bars;

/// How wide the picture is, and its columns: time, the agent, the arrow, the mock.
const WIDTH: usize = 100;
const TIME: usize = 6;
const LEFT: usize = 35;
const RIGHT: usize = 53;

/// Draws what happens.
pub(super) struct Picture {
    out: Stdout,
    colors: bool,
    /// What comes in many pieces, one row each: drawn when something else comes.
    streams: Vec<Stream>,
    /// What the caller says, until the sound of it is drawn.
    says: Option<String>,
    last_time: Option<Duration>,
    sent: usize,
    received: usize,
    responses: usize,
}

/// Events of a type that belong together.
struct Stream {
    from: Side,
    name: &'static str,
    began: Duration,
    count: usize,
    audio: Vec<u8>,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Agent,
    Mock,
}

impl Side {
    fn width(self) -> usize {
        match self {
            Self::Agent => LEFT,
            Self::Mock => RIGHT,
        }
    }

    /// How wide what stands below an event may be.
    fn room(self) -> usize {
        self.width() - 2
    }

    fn part(self) -> Part {
        match self {
            Self::Agent => Part::Agent,
            Self::Mock => Part::Mock,
        }
    }
}

/// What a part of the picture is, by which it has its colour.
#[derive(Clone, Copy)]
enum Part {
    Faint,
    Title,
    Agent,
    Mock,
    Sound,
    Words,
}

impl Part {
    fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Faint => style.dimmed(),
            Self::Title => style.bold(),
            Self::Agent => style.cyan(),
            Self::Mock => style.green(),
            Self::Sound => style.yellow(),
            Self::Words => style.bold().italic(),
        }
    }
}

impl Picture {
    pub(super) fn new(out: Stdout, colors: bool) -> Self {
        Self {
            out,
            colors,
            streams: Vec::new(),
            says: None,
            last_time: None,
            sent: 0,
            received: 0,
            responses: 0,
        }
    }

    /// The head of the picture.
    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        let name = self.paint(Part::Title, "mock-realtime demo");
        writeln!(self.out, "{name}: {text}\n")?;
        let time = self.paint(Part::Faint, &format!("{:>TIME$}", "s"));
        let left = self.paint(Part::Agent, &format!("{:<LEFT$}", "your agent sends"));
        let right = self.paint(Part::Mock, "the mock sends");
        writeln!(self.out, "{time} {left}     {right}")
    }

    /// A heading for what follows.
    pub(super) fn chapter(&mut self, title: &str) -> io::Result<()> {
        self.flush()?;
        self.last_time = None;
        let line = "─".repeat(WIDTH.saturating_sub(title.chars().count() + 4));
        let line = format!(
            "── {} {}",
            self.paint(Part::Title, title),
            self.paint(Part::Faint, &line)
        );
        writeln!(self.out, "\n{line}")
    }

    /// The caller begins to speak.
    pub(super) fn caller_says(&mut self, text: &str) {
        self.says = Some(text.to_owned());
    }

    pub(super) fn client_sent(&mut self, event: &ClientEvent, now: Duration) -> io::Result<()> {
        self.sent += 1;
        let name = event.kind().as_str();
        match event {
            ClientEvent::InputAudioBufferAppend(append) => {
                let stream = self.stream(Side::Agent, name, now);
                stream.audio.extend_from_slice(append.audio.as_ref());
                Ok(())
            }
            ClientEvent::SessionUpdate(_) => {
                self.row(Side::Agent, name, now, "server VAD, a function")
            }
            ClientEvent::ConversationItemCreate(create) => match &create.item {
                ConversationItem::FunctionCallOutput(output) => {
                    self.row(Side::Agent, name, now, &output.output)
                }
                _ => self.row(Side::Agent, name, now, ""),
            },
            ClientEvent::ConversationItemTruncate(truncate) => {
                let heard = Duration::from_millis(truncate.audio_end_ms).as_secs_f64();
                let detail = format!("only {heard:.1} s of it were heard");
                self.row(Side::Agent, name, now, &detail)
            }
            _ => self.row(Side::Agent, name, now, ""),
        }
    }

    pub(super) fn server_sent(&mut self, event: &ServerEvent, now: Duration) -> io::Result<()> {
        self.received += 1;
        let name = event.kind().as_str();
        let detail = match event {
            ServerEvent::ResponseOutputAudioDelta(delta) => {
                let stream = self.stream(Side::Mock, name, now);
                stream.audio.extend_from_slice(delta.delta.as_ref());
                return Ok(());
            }
            ServerEvent::ResponseOutputAudioTranscriptDelta(delta) => {
                self.stream(Side::Mock, name, now).text += &delta.delta;
                return Ok(());
            }
            ServerEvent::ResponseFunctionCallArgumentsDelta(_)
            | ServerEvent::ConversationItemInputAudioTranscriptionDelta(_) => {
                self.stream(Side::Mock, name, now);
                return Ok(());
            }
            ServerEvent::SessionCreated(created) => match &created.session {
                Session::Realtime(session) => session.id.to_string(),
                _ => String::new(),
            },
            ServerEvent::ConversationItemInputAudioTranscriptionCompleted(completed) => {
                quoted(&completed.transcript)
            }
            ServerEvent::ResponseFunctionCallArgumentsDone(done) => {
                format!("{}({})", done.name, done.arguments)
            }
            ServerEvent::ResponseDone(done) => {
                self.responses += 1;
                let status = done.response.status.as_ref();
                status.map(ResponseStatus::to_string).unwrap_or_default()
            }
            _ => String::new(),
        };
        self.row(Side::Mock, name, now, &detail)
    }

    /// Draws what is not drawn yet.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        for stream in std::mem::take(&mut self.streams) {
            let name = if stream.count > 1 {
                format!("{} ×{}", stream.name, stream.count)
            } else {
                stream.name.to_owned()
            };
            self.event(stream.from, &name, stream.began, "")?;
            let bars: Vec<char> = bars(&stream.audio, TICK).chars().collect();
            let silent = bars.iter().all(|bar| *bar == '▁');
            if !silent {
                for row in bars.chunks(stream.from.room()) {
                    let row: String = row.iter().collect();
                    self.detail(stream.from, Part::Sound, &row)?;
                }
            }
            if stream.from == Side::Agent
                && !silent
                && let Some(words) = self.says.take()
            {
                self.detail(Side::Agent, Part::Words, &quoted(&words))?;
            }
            if !stream.text.is_empty() {
                self.detail(stream.from, Part::Words, &quoted(&stream.text))?;
            }
        }
        self.out.flush()
    }

    /// What was shown, and what to do next.
    pub(super) fn summary(&mut self, length: Duration) -> io::Result<()> {
        let Self {
            sent,
            received,
            responses,
            ..
        } = *self;
        let seconds = length.as_secs_f64();
        self.chapter("That was it")?;
        writeln!(
            self.out,
            "{seconds:.1} s of conversation, {sent} events sent, {received} received, {responses} \
             responses. Next:\n"
        )?;
        for (command, what) in [
            (
                "mock-realtime serve",
                "this for your agent, at ws://127.0.0.1:8080/v1",
            ),
            (
                "mock-realtime scenario init call.yaml",
                "write down what the mock says",
            ),
            (
                "mock-realtime serve call.yaml --watch",
                "serve that, and change it meanwhile",
            ),
        ] {
            let command = self.paint(Part::Title, &format!("{command:<40}"));
            writeln!(self.out, "  {command} {what}")?;
        }
        Ok(())
    }

    /// The stream of events of this type, which goes on or begins.
    fn stream(&mut self, from: Side, name: &'static str, now: Duration) -> &mut Stream {
        let found = self.streams.iter().position(|stream| stream.name == name);
        let index = found.unwrap_or_else(|| {
            self.streams.push(Stream {
                from,
                name,
                began: now,
                count: 0,
                audio: Vec::new(),
                text: String::new(),
            });
            self.streams.len() - 1
        });
        let stream = &mut self.streams[index];
        stream.count += 1;
        stream
    }

    fn row(&mut self, from: Side, name: &str, now: Duration, detail: &str) -> io::Result<()> {
        self.flush()?;
        let beside = name.chars().count() + 2 + detail.chars().count() <= from.width();
        self.event(from, name, now, if beside { detail } else { "" })?;
        if !beside {
            self.detail(from, Part::Words, detail)?;
        }
        self.out.flush()
    }

    /// A row; the time is there where it is another one than before.
    fn event(&mut self, from: Side, name: &str, now: Duration, detail: &str) -> io::Result<()> {
        let time = if self.last_time.replace(now) == Some(now) {
            String::new()
        } else {
            format!("{:.1}", now.as_secs_f64())
        };
        let time = self.paint(Part::Faint, &format!("{time:>TIME$}"));
        let mut text = self.paint(from.part(), name);
        let mut length = name.chars().count();
        if !detail.is_empty() {
            text = format!("{text}  {}", self.paint(Part::Words, detail));
            length += 2 + detail.chars().count();
        }
        match from {
            Side::Agent => {
                let padding = LEFT.saturating_sub(length);
                writeln!(self.out, "{time} {text}{:padding$} ──▶", "")
            }
            Side::Mock => writeln!(self.out, "{time} {:LEFT$} ◀── {text}", ""),
        }
    }

    fn detail(&mut self, from: Side, part: Part, text: &str) -> io::Result<()> {
        let indent = match from {
            Side::Agent => TIME + 3,
            Side::Mock => TIME + LEFT + 8,
        };
        for line in wrapped(text, from.room()) {
            let line = self.paint(part, &line);
            writeln!(self.out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    fn paint(&self, part: Part, text: &str) -> String {
        if self.colors {
            part.style().style(text).to_string()
        } else {
            text.to_owned()
        }
    }
}

fn quoted(text: &str) -> String {
    format!("“{}”", text.trim())
}

/// The text in lines of at most this width, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
