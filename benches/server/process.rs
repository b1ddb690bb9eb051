//! A server as a process of its own, and what it has cost.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that runs until it is dropped.
pub(crate) struct Process {
    child: Child,
    /// Kept open: a server that writes to a closed pipe would have something to complain about.
    _stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    /// From its start to its first line.
    pub(crate) started_in: Duration,
}

impl Process {
    /// Starts a program whose first line ends with the URL it listens on.
    pub(crate) fn start(command: &mut Command) -> Self {
        let start = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let started_in = start.elapsed();
        let address = line
            .split_once("ws://")
            .and_then(|(_, url)| url.split('/').next()?.trim().parse().ok())
            .unwrap_or_else(|| panic!("the server said: {line}"));
        Self {
            child,
            _stdout: stdout,
            address,
            started_in,
        }
    }

    /// What it tells on standard error, if that was piped.
    pub(crate) fn errors(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// What it has cost.
    pub(crate) fn cost(&self) -> Cost {
        Cost(self.child.id())
    }

    pub(crate) fn cpu(&self) -> Duration {
        self.cost().cpu()
    }

    pub(crate) fn memory(&self) -> u64 {
        self.cost().memory()
    }
}

/// What the process with this number has cost.
#[derive(Clone, Copy)]
pub(crate) struct Cost(pub(crate) u32);

impl Cost {
    /// The CPU time of all its threads. The scheduler counts nanoseconds, while the ticks of
    /// `/proc/PID/stat` are 10 ms. Threads that have ended are not in it; no server here ends any.
    pub(crate) fn cpu(self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).unwrap();
        let nanoseconds = threads.map(|thread| {
            let file = thread.unwrap().path().join("schedstat");
            let text = fs::read_to_string(file).unwrap_or_default();
            text.split(' ')
                .next()
                .and_then(|first| first.parse().ok())
                .unwrap_or(0)
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// The memory that it alone takes, in bytes: without the pages of its file, which do not grow
    /// with what it does.
    pub(crate) fn memory(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let anonymous = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        1024 * anonymous.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either is gone already or does not matter any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
