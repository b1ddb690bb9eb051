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

/// A bridge that runs until the test is over, however it ends.
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

impl Drop for Bridge {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
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
