//! The program of a client: started, listened to, and started again.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use mock_realtime::server::Exercise;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::nobody;

/// How many lines of standard error are kept for the report.
const LINES_KEPT: usize = 8;

/// The longest line that is kept of it, in bytes.
const LONGEST_LINE: usize = 300;

/// The longest report, in bytes: that of an event with a long text, with all of it escaped.
const LONGEST_REPORT: usize = 4 * 1024 * 1024;

/// How long is waited for what a program said before it ended: one that it has started may go on, and
/// keep what it writes to open.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How often a program may end before it has connected.
const MOST_IDLE_STARTS: u32 = 3;

/// Where the server is.
pub(super) struct Place {
    pub(super) url: String,
    /// What clients have to trust, if anything.
    pub(super) authority: Option<PathBuf>,
}

impl Place {
    /// The same for those who make requests there.
    pub(super) fn http(&self) -> String {
        self.url.replacen("ws", "http", 1)
    }
}

/// The program of a client.
pub(super) struct Client<'a> {
    command: &'a [String],
    place: Place,
    exercise: &'a Exercise,
    reports: bool,
    /// The end of what it said on standard error.
    said: Arc<Mutex<VecDeque<String>>>,
}

impl<'a> Client<'a> {
    pub(super) fn new(
        command: &'a [String],
        place: Place,
        exercise: &'a Exercise,
        reports: bool,
    ) -> Self {
        Self {
            command,
            place,
            exercise,
            reports,
            said: Arc::default(),
        }
    }

    /// Starts it as often as it takes until it was walked through everything.
    pub(super) async fn exercise(&self, connect: Duration) -> io::Result<()> {
        let mut idle = 0;
        loop {
            let before = self.exercise.connections();
            let (mut program, heard) = self.start()?;
            self.exercise.note_start();
            tokio::select! {
                () = self.exercise.over() => return stop(&mut program).await,
                () = self.exercise.hangs() => stop(&mut program).await?,
                () = self.exercise.abandoned(connect) => {
                    stop(&mut program).await?;
                    return Err(nobody(connect));
                }
                status = program.wait() => {
                    let status = status?;
                    let _ = timeout(LAST_WORDS, join_all(heard)).await;
                    let how = self.how_it_ended(status);
                    self.exercise.note_exit(how.clone());
                    idle = if self.exercise.connections() == before { idle + 1 } else { 0 };
                    if idle >= MOST_IDLE_STARTS {
                        let text = format!("{} {how}, and never connected", self.command[0]);
                        return Err(io::Error::other(text));
                    }
                }
            }
        }
    }

    /// The program, and those who hear what it says, until it says no more.
    fn start(&self) -> io::Result<(Child, Vec<JoinHandle<()>>)> {
        let mut command = Command::new(&self.command[0]);
        command
            .args(&self.command[1..])
            .env("MOCK_REALTIME_URL", &self.place.url)
            .env("OPENAI_BASE_URL", self.place.http())
            .stdin(Stdio::null())
            .stdout(if self.reports {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if std::env::var_os("OPENAI_API_KEY").is_none() {
            command.env("OPENAI_API_KEY", "mock");
        }
        if let Some(authority) = &self.place.authority {
            command
                .env("SSL_CERT_FILE", authority)
                .env("NODE_EXTRA_CA_CERTS", authority);
        }
        let mut program = command.spawn().map_err(|error| {
            let text = format!("{} cannot be started: {error}", self.command[0]);
            io::Error::new(error.kind(), text)
        })?;
        let mut heard = Vec::new();
        if let Some(out) = program.stdout.take() {
            heard.push(tokio::spawn(hear_reports(out, self.exercise.clone())));
        }
        if let Some(errors) = program.stderr.take() {
            heard.push(tokio::spawn(keep_end(errors, Arc::clone(&self.said))));
        }
        Ok((program, heard))
    }

    /// What goes after "its program".
    fn how_it_ended(&self, status: ExitStatus) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let how = match status.code() {
            Some(code) => format!("ended with exit code {code}"),
            None => format!("ended: {status}"),
        };
        if said.is_empty() {
            return how;
        }
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        format!("{how}, and said: {}", said.join(" | "))
    }
}

async fn stop(program: &mut Child) -> io::Result<()> {
    // It may have ended by now.
    let _ = program.start_kill();
    program.wait().await.map(|_| ())
}

async fn hear_reports(out: impl AsyncRead + Unpin, exercise: Exercise) {
    let mut out = BufReader::new(out);
    while let Ok(Some(line)) = next_line(&mut out, LONGEST_REPORT).await {
        if !exercise.take_report(&line).await {
            tracing::info!(line, "no report");
        }
    }
}

async fn keep_end(errors: impl AsyncRead + Unpin, said: Arc<Mutex<VecDeque<String>>>) {
    let mut errors = BufReader::new(errors);
    while let Ok(Some(line)) = next_line(&mut errors, LONGEST_LINE).await {
        tracing::info!(line, "the client says");
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push_back(line);
        if said.len() > LINES_KEPT {
            said.pop_front();
        }
    }
}

/// The next line, or its beginning: whoever writes without an end must not fill the memory.
async fn next_line(
    from: &mut (impl AsyncBufRead + Unpin),
    longest: usize,
) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut has_begun = false;
    loop {
        let read = from.fill_buf().await?;
        if read.is_empty() {
            return Ok(has_begun.then(|| String::from_utf8_lossy(&line).into_owned()));
        }
        has_begun = true;
        let end = read.iter().position(|byte| *byte == b'\n');
        let part = &read[..end.unwrap_or(read.len())];
        line.extend_from_slice(&part[..part.len().min(longest - line.len())]);
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}
