//! `mock-realtime healthcheck`: whether a server takes sessions, for images without a shell.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

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
    /// Ask over TLS.
    #[arg(long, env = "MOCK_REALTIME_TLS", value_parser = BoolishValueParser::new())]
    tls: bool,
    /// What to trust then (PEM): the file that the server has written, or that its certificate, which
    /// has to name the address, is from.
    #[arg(long, value_name = "FILE", env = "MOCK_REALTIME_TLS_CA")]
    tls_ca: Option<PathBuf>,
}

/// Asks; an error is an answer, too.
pub(crate) fn run(arguments: &Healthcheck) -> io::Result<()> {
    let host = match arguments.host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = SocketAddr::new(host, arguments.port);
    let trusted = match (arguments.tls, &arguments.tls_ca) {
        (false, _) => None,
        (true, Some(file)) => Some(trusting(file)?),
        (true, None) => {
            let text = "over TLS it has to be known what to trust: --tls-ca names the file";
            return Err(io::Error::other(text));
        }
    };
    // Of no kind: a pipe that breaks here is not that of who reads what is printed.
    let answer = ask(address, trusted)
        .map_err(|error| io::Error::other(format!("{address} does not answer: {error}")))?;
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

/// How to speak TLS with whom the authorities in a file vouch for.
fn trusting(file: &Path) -> io::Result<ClientConfig> {
    let wrong = |error: &dyn std::fmt::Display| {
        io::Error::other(format!("{} cannot be trusted: {error}", file.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))? {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn ask(address: SocketAddr, trusted: Option<ClientConfig>) -> io::Result<String> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Some(trusted) = trusted else {
        return ask_on(stream, address);
    };
    let tls = ClientConnection::new(Arc::new(trusted), address.ip().into());
    ask_on(
        StreamOwned::new(tls.map_err(io::Error::other)?, stream),
        address,
    )
}

fn ask_on(mut stream: impl Read + Write, address: SocketAddr) -> io::Result<String> {
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
