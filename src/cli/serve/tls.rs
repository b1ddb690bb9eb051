//! The flags about TLS, and what they come to.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::BoolishValueParser;
use mock_realtime::server::{ThrowAway, Tls};
use tempfile::NamedTempFile;

/// By which names clients on the same machine know it.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

#[derive(Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArguments {
    /// Speak TLS with a throw-away certificate for localhost, 127.0.0.1, `::1` and the host. The
    /// second line of the output names the file that clients have to trust.
    #[arg(long, env = "MOCK_REALTIME_TLS", value_parser = BoolishValueParser::new())]
    tls: bool,
    /// More names and addresses that clients know the server by, with commas between them.
    #[arg(
        long,
        value_name = "NAME",
        env = "MOCK_REALTIME_TLS_NAME",
        value_delimiter = ','
    )]
    tls_name: Vec<String>,
    /// Write what clients have to trust to this file; to a temporary one without.
    #[arg(long, value_name = "FILE", env = "MOCK_REALTIME_TLS_CA")]
    tls_ca: Option<PathBuf>,
    /// Speak TLS with this certificate (PEM), followed by those between it and its authority.
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        env = "MOCK_REALTIME_TLS_CERT"
    )]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_cert",
        env = "MOCK_REALTIME_TLS_KEY"
    )]
    tls_key: Option<PathBuf>,
}

/// How a server speaks TLS, and what its clients have to trust.
pub(crate) struct Chosen {
    pub(crate) tls: Tls,
    pub(crate) authority: Option<Authority>,
}

/// The file that clients have to trust. A temporary one is there as long as this is.
pub(crate) enum Authority {
    Kept(PathBuf),
    Temporary(NamedTempFile),
}

impl Authority {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(file) => file.path(),
        }
    }
}

impl TlsArguments {
    /// What the flags ask for, for a server on this address.
    pub(crate) fn choose(&self, host: IpAddr) -> io::Result<Option<Chosen>> {
        // A given certificate counts more than --tls, which a file of variables may well have.
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            let tls = Tls::from_files(certificate, key).map_err(io::Error::other)?;
            let authority = None;
            return Ok(Some(Chosen { tls, authority }));
        }
        if !self.tls {
            return Ok(None);
        }
        let mut names: Vec<String> = LOCAL.map(str::to_owned).into();
        names.extend((!host.is_unspecified()).then(|| host.to_string()));
        names.extend(self.tls_name.iter().cloned());
        let ThrowAway { tls, authority } = Tls::throw_away(names).map_err(io::Error::other)?;
        let authority = Some(self.write(&authority)?);
        Ok(Some(Chosen { tls, authority }))
    }

    fn write(&self, authority: &str) -> io::Result<Authority> {
        if let Some(path) = &self.tls_ca {
            let written = fs::write(path, authority);
            written.map_err(|error| not_written(&path.display().to_string(), &error))?;
            return Ok(Authority::Kept(path.clone()));
        }
        let temporary = || {
            let mut file = tempfile::Builder::new()
                .prefix("mock-realtime-ca-")
                .suffix(".pem")
                .tempfile()?;
            file.write_all(authority.as_bytes())?;
            Ok(file)
        };
        let written: io::Result<NamedTempFile> = temporary();
        let written = written.map_err(|error| not_written("a temporary file", &error))?;
        Ok(Authority::Temporary(written))
    }
}

fn not_written(place: &str, error: &io::Error) -> io::Error {
    let text = format!(
        "the certificate to trust cannot be written to {place}: {error}; --tls-ca names another file"
    );
    io::Error::new(error.kind(), text)
}
