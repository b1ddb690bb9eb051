//! Twilio's requests over HTTP: forms, signed.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::signature::{HEADER, signature};

/// How long Twilio waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The longest answer that is read: Twilio's limit of TwiML.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The fields of a form, in order.
pub(super) type Fields = Vec<(&'static str, String)>;

/// Why a form was not answered.
#[derive(Debug)]
#[non_exhaustive]
pub enum FormError {
    /// The URL is none that a form can be sent to.
    Url(String),
    /// The server was not reached, or broke off.
    Io(io::Error),
    /// The server did not answer in HTTP.
    Http(hyper::Error),
    /// The server took too long.
    TimedOut,
    /// The server refused.
    Status(StatusCode),
    /// The answer is longer than 64 KiB, or no text.
    Answer(String),
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "{url:?} is no URL with http or https"),
            Self::Io(error) => write!(f, "the server cannot be reached: {error}"),
            Self::Http(error) => write!(f, "the server does not speak HTTP: {error}"),
            Self::TimedOut => write!(f, "the server did not answer within {PATIENCE:?}"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::Answer(what) => write!(f, "the answer {what}"),
        }
    }
}

impl std::error::Error for FormError {}

impl From<io::Error> for FormError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<hyper::Error> for FormError {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

/// Sends a form as Twilio does, and gives the answer's text.
pub(super) async fn send(
    method: Method,
    url: &str,
    fields: &Fields,
    token: Option<&str>,
) -> Result<String, FormError> {
    let sending = deliver(method, url, fields, token);
    tokio::time::timeout(PATIENCE, sending)
        .await
        .unwrap_or(Err(FormError::TimedOut))
}

async fn deliver(
    method: Method,
    url: &str,
    fields: &Fields,
    token: Option<&str>,
) -> Result<String, FormError> {
    let bad = || FormError::Url(url.to_owned());
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    // By GET the fields are part of the URL, which alone is signed then.
    let (url, body, signed) = if method == Method::GET {
        let mark = if url.contains('?') { '&' } else { '?' };
        (format!("{url}{mark}{form}"), String::new(), &Fields::new())
    } else {
        (url.to_owned(), form, fields)
    };
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let host = uri.host().ok_or_else(bad)?.to_owned();
    let tls = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(bad()),
    };
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let authority = uri.authority().ok_or_else(bad)?.as_str().to_owned();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority)
        .header(USER_AGENT, "TwilioProxy/1.1")
        .header(ACCEPT, "*/*")
        .header(
            CONTENT_TYPE,
            "application/x-www-form-urlencoded; charset=UTF-8",
        );
    if let Some(token) = token {
        let fields = signed.iter().map(|(name, value)| (*name, value.as_str()));
        request = request.header(HEADER, signature(token, &url, fields));
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| bad())?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port)).await?;
    if tls {
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| bad())?;
        let stream = connector().connect(name, stream).await?;
        exchange(stream, request).await
    } else {
        exchange(stream, request).await
    }
}

fn connector() -> TlsConnector {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
    let config = ClientConfig::builder()
        .with_root_certificates(roots.collect::<RootCertStore>())
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<String, FormError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER);
        let body = body.collect().await;
        let body = body.map_err(|error| FormError::Answer(format!("cannot be read: {error}")))?;
        if !status.is_success() {
            return Err(FormError::Status(status));
        }
        String::from_utf8(body.to_bytes().to_vec())
            .map_err(|_| FormError::Answer("is not UTF-8".to_owned()))
    };
    tokio::pin!(exchange);
    tokio::pin!(connection);
    tokio::select! {
        answer = &mut exchange => answer,
        ended = &mut connection => {
            ended?;
            exchange.await
        }
    }
}
