//! `mock-realtime healthcheck`: whether a server takes sessions, for images without a shell.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;

/// How long the server may take for each step.
const PATIENCE: Duration = Duration::from_secs(3);

/// More of an answer nobody reads.
const LONGEST_ANSWER: u64 = 4 * 1024;

#[derive(Args)]
pub(crate) struct Healthcheck {
    /// The address that the server listens on.
    #[arg(long, default_value = "127.0.0.1", env = "MOCK_REALTIME_HOST")]
    host: IpAddr,
    /// The port that it listens on.
    #[arg(long, default_value_t = 8080, env = "MOCK_REALTIME_PORT")]
    port: u16,
}

/// Asks; an error is an answer, too.
pub(crate) fn run(arguments: &Healthcheck) -> io::Result<()> {
    let host = match arguments.host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = SocketAddr::new(host, arguments.port);
    let answer = ask(address).map_err(|error| {
        io::Error::new(error.kind(), format!("{address} does not answer: {error}"))
    })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) == Some("200") {
        return writeln!(io::stdout(), "{}", body.trim_end());
    }
    let status = head.lines().next().unwrap_or("nothing");
    Err(io::Error::other(format!(
        "{address} answers {status}: {}",
        body.trim_end()
    )))
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
