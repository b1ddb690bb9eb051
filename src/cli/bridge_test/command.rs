//! The bridge as a process of this test.

use std::io;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// How long a bridge may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked for.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a bridge may take to end when it is asked to.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often it is looked whether it has.
const BLINK: Duration = Duration::from_millis(10);

/// A bridge that runs until the test is over, however it ends, with all that it has started.
pub(super) struct Bridge {
    process: Child,
}

impl Bridge {
    /// Starts it with the address of its model in the environment.
    pub(super) fn start(
        program: &str,
        arguments: &[String],
        model: Option<&str>,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        // Standard output is the report's.
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(url) = model {
            let http = url.replacen("ws", "http", 1);
            command
                .env("OPENAI_BASE_URL", http)
                .env("OPENAI_API_KEY", "mock")
                .env("MOCK_REALTIME_URL", url);
        }
        alone(&mut command);
        let process = command.spawn().map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("{program} cannot be started: {error}"),
            )
        })?;
        Ok(Self { process })
    }

    /// Waits until the bridge listens.
    pub(super) async fn until_reachable(&mut self, url: &str) -> io::Result<()> {
        let address = address(url).ok_or_else(|| {
            io::Error::other(format!(
                "{url} is no address of a bridge; expected ws://HOST:PORT/PATH"
            ))
        })?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Err(io::Error::other(format!("the bridge ended with {status}")));
            }
            match TcpStream::connect(&address).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    let patience = PATIENCE.as_secs();
                    return Err(io::Error::other(format!(
                        "the bridge does not listen on {address} after {patience} s: {error}"
                    )));
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }
}

/// Has the program be the first of a group of processes, which are ended together. Shells and runners
/// of scripts do not pass on that they are to end.
#[cfg(unix)]
fn alone(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn alone(_: &mut Command) {}

impl Bridge {
    /// Asks the group to end, and has what is still there then killed.
    #[cfg(unix)]
    fn end(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let group = Pid::from_child(&self.process);
        // There may be nobody left; and while there is, the group's number is given to no other.
        let _ = kill_process_group(group, Signal::TERM);
        let until = std::time::Instant::now() + FAREWELL;
        while matches!(self.process.try_wait(), Ok(None)) && std::time::Instant::now() < until {
            std::thread::sleep(BLINK);
        }
        let _ = kill_process_group(group, Signal::KILL);
    }

    #[cfg(not(unix))]
    fn end(&mut self) {
        let _ = self.process.kill();
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.end();
        // It may have ended by itself.
        let _ = self.process.wait();
    }
}

/// Host and port of an address.
fn address(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match (has_port, scheme) {
        (true, _) => Some(authority.to_owned()),
        (false, "ws") => Some(format!("{authority}:80")),
        (false, "wss") => Some(format!("{authority}:443")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_known() {
        let address = |url| address(url);
        assert_eq!(
            address("ws://127.0.0.1:8090/twilio").as_deref(),
            Some("127.0.0.1:8090")
        );
        assert_eq!(
            address("wss://bridge.example/media").as_deref(),
            Some("bridge.example:443")
        );
        assert_eq!(address("ws://[::1]:9/").as_deref(), Some("[::1]:9"));
        assert_eq!(address("bridge.example"), None);
    }
}
