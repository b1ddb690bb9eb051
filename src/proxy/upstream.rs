//! The server behind the proxy: where it is, and a connection to it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long the server may take to be connected to, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// A realtime server, by its base URL.
#[derive(Clone)]
pub struct Upstream {
    url: String,
    host: String,
    port: u16,
    /// The base URL's path, without a slash at its end.
    path: String,
    /// With TLS.
    tls: Option<Arc<ClientConfig>>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upstream").field(&self.url).finish()
    }
}

/// Why there is no connection to the server.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The base URL is none.
    BadUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file of an authority to trust cannot be used.
    BadAuthority {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The server cannot be reached.
    Unreachable {
        /// Its base URL.
        url: String,
        /// What is wrong.
        source: io::Error,
    },
    /// It does not answer to TLS as it should.
    Tls {
        /// Its base URL.
        url: String,
        /// What is wrong.
        source: io::Error,
    },
    /// It does not answer to HTTP as it should.
    Http {
        /// Its base URL.
        url: String,
        /// What is wrong.
        source: hyper::Error,
    },
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadUrl { url, reason } => write!(
                f,
                "{url:?} is no base URL: {reason}; it has to be like https://api.openai.com/v1 or \
                 ws://127.0.0.1:8080/v1"
            ),
            Self::BadAuthority { file, reason } => write!(
                f,
                "{} cannot be trusted: {reason}; certificates as PEM are expected",
                file.display()
            ),
            Self::Unreachable { url, source } => write!(
                f,
                "the server {url} cannot be reached: {source}; is it running, and is that its \
                 address?"
            ),
            Self::Tls { url, source } => write!(
                f,
                "no TLS with {url}: {source}; a server whose authority is its own is trusted with \
                 --upstream-ca FILE, one without TLS has a URL that begins with http: or ws:"
            ),
            Self::Http { url, source } => {
                write!(
                    f,
                    "{url} does not answer as a server of HTTP does: {source}"
                )
            }
        }
    }
}

impl std::error::Error for UpstreamError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { source, .. } | Self::Tls { source, .. } => Some(source),
            Self::Http { source, .. } => Some(source),
            Self::BadUrl { .. } | Self::BadAuthority { .. } => None,
        }
    }
}

impl Upstream {
    /// The server at a base URL as SDKs have it, of scheme `http`, `https`, `ws` or `wss`. With TLS it
    /// is trusted if the authorities are that browsers trust.
    ///
    /// ```
    /// use mock_realtime::proxy::Upstream;
    ///
    /// let azure = Upstream::new("https://me.openai.azure.com/openai/v1/")?;
    /// assert_eq!(azure.path(), "/openai/v1");
    /// assert!(Upstream::new("api.openai.com").is_err());
    /// # Ok::<(), mock_realtime::proxy::UpstreamError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where it is no such URL.
    pub fn new(url: impl Into<String>) -> Result<Self, UpstreamError> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        Self::with_roots(url.into(), RootCertStore { roots })
    }

    /// The same, and with TLS it is trusted if the authorities in this file (PEM) do.
    ///
    /// # Errors
    ///
    /// Where it is no such URL, or no such file.
    pub fn trusting(url: impl Into<String>, authority: &Path) -> Result<Self, UpstreamError> {
        let bad = |reason: String| UpstreamError::BadAuthority {
            file: authority.to_owned(),
            reason,
        };
        let pem = fs::read(authority).map_err(|error| bad(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            let added = roots.add(certificate);
            added.map_err(|error| bad(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(bad("there is no certificate in it".to_owned()));
        }
        Self::with_roots(url.into(), roots)
    }

    fn with_roots(url: String, roots: RootCertStore) -> Result<Self, UpstreamError> {
        match Parts::of(&url) {
            Ok(parts) => Ok(Self {
                tls: parts.tls.then(|| Arc::new(config(roots))),
                host: parts.host,
                port: parts.port,
                path: parts.path,
                url,
            }),
            Err(reason) => Err(UpstreamError::BadUrl { url, reason }),
        }
    }

    /// The path of its base URL, which requests begin with.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The base URL, as it was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What requests name as their host.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.tls.is_some(), self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// Sends a request over a connection of its own, and gives what is answered.
    pub(super) async fn send(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let stream = self.connect().await?;
        match &self.tls {
            None => self.send_over(stream, request).await,
            Some(config) => {
                let name = ServerName::try_from(self.host.clone());
                let name = name.map_err(|_| UpstreamError::BadUrl {
                    url: self.url.clone(),
                    reason: "no certificate can be of its host",
                })?;
                let connector = TlsConnector::from(Arc::clone(config));
                let connected = in_time(connector.connect(name, stream)).await;
                let stream = connected.map_err(|source| UpstreamError::Tls {
                    url: self.url.clone(),
                    source,
                })?;
                self.send_over(stream, request).await
            }
        }
    }

    async fn connect(&self) -> Result<TcpStream, UpstreamError> {
        let connected = in_time(TcpStream::connect((self.host.as_str(), self.port))).await;
        let stream = connected.map_err(|source| UpstreamError::Unreachable {
            url: self.url.clone(),
            source,
        })?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        Ok(stream)
    }

    async fn send_over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Incoming>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let failed = |source| UpstreamError::Http {
            url: self.url.clone(),
            source,
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a connection to the server broke");
            }
        });
        sender.send_request(request).await.map_err(failed)
    }
}

async fn in_time<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let connected = tokio::time::timeout(CONNECT, connecting).await;
    connected.unwrap_or_else(|_| {
        let seconds = CONNECT.as_secs();
        let text = format!("no answer within {seconds} s");
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    })
}

/// TLS that does not depend on what else in the program uses it.
fn config(roots: RootCertStore) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config = builder
        .with_safe_default_protocol_versions()
        .unwrap_or_else(|error| unreachable!("the provider has the default versions: {error}"))
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// What a base URL says.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    tls: bool,
    host: String,
    port: u16,
    path: String,
}

impl Parts {
    fn of(url: &str) -> Result<Self, &'static str> {
        let uri: hyper::Uri = url.parse().map_err(|_| "it cannot be read")?;
        let tls = match uri.scheme_str() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            Some(_) => return Err("its scheme is none of http, https, ws and wss"),
            None => return Err("it has no scheme"),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or("it names no host")?;
        if uri.query().is_some() {
            return Err("what comes after `?` is for each client to say");
        }
        let without_brackets = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            tls,
            host: without_brackets.to_owned(),
            port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_taken_as_sdks_have_them() {
        for (url, authority, path) in [
            ("https://api.openai.com/v1", "api.openai.com", "/v1"),
            ("wss://api.openai.com/v1/", "api.openai.com", "/v1"),
            ("ws://127.0.0.1:8080/v1", "127.0.0.1:8080", "/v1"),
            ("http://[::1]:8080/v1", "[::1]:8080", "/v1"),
            (
                "https://me.openai.azure.com/openai/v1",
                "me.openai.azure.com",
                "/openai/v1",
            ),
            ("ws://localhost", "localhost", ""),
        ] {
            let upstream = Upstream::new(url).unwrap();
            assert_eq!(
                (upstream.authority().as_str(), upstream.path()),
                (authority, path)
            );
        }
    }

    #[test]
    fn what_is_no_base_url_is_told() {
        for (url, reason) in [
            ("api.openai.com", "it has no scheme"),
            ("/v1", "it has no scheme"),
            ("ftp://x/v1", "its scheme is none of"),
            ("https://x/v1?model=m", "what comes after `?`"),
            ("http://", "it cannot be read"),
            ("", "it cannot be read"),
        ] {
            let error = Upstream::new(url).unwrap_err().to_string();
            assert!(error.contains(reason), "{url}: {error}");
            assert!(error.contains("https://api.openai.com/v1"), "{error}");
        }
    }

    #[test]
    fn an_authority_is_one_certificate_at_least() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let refused = || {
            let trusting = Upstream::trusting("wss://localhost", &file);
            trusting.unwrap_err().to_string()
        };
        assert!(refused().contains("cannot be trusted"), "{}", refused());
        fs::write(&file, "hello").unwrap();
        assert!(refused().contains("no certificate in it"), "{}", refused());
    }
}
