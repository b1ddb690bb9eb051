//! The service, over the network.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use super::{ConnectError, RealtimeSocket};

/// Bytes read at a time, which are set to zero before each look for an event. An event of a
/// telephone's audio is shorter; the library's default of 128 KiB costs more than all else of a short event.
const READ_BUFFER: usize = 2 * 1024;

const OPENAI: &str = "https://api.openai.com/v1";

/// Where the service is, and the key for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Service {
    /// With a scheme of WebSocket, and without a slash at its end.
    base_url: String,
    authorization: HeaderValue,
}

impl Service {
    /// The service at this base URL, of scheme `http`, `https`, `ws` or `wss`; OpenAI's without one.
    ///
    /// # Errors
    ///
    /// Where it is no such URL, or the key cannot stand in a header.
    pub fn new(base_url: Option<String>, api_key: impl AsRef<str>) -> Result<Self, ConnectError> {
        let url = base_url.unwrap_or_else(|| OPENAI.to_owned());
        let base_url = match url.split_once("://") {
            Some(("https" | "wss", rest)) if !rest.is_empty() => format!("wss://{rest}"),
            Some(("http" | "ws", rest)) if !rest.is_empty() => format!("ws://{rest}"),
            _ => return Err(ConnectError::BadBaseUrl { url }),
        };
        let bearer = format!("Bearer {}", api_key.as_ref());
        let mut authorization = HeaderValue::from_str(&bearer).map_err(|_| ConnectError::NoKey)?;
        authorization.set_sensitive(true);
        Ok(Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            authorization,
        })
    }

    /// The address of a conversation with this model.
    pub fn address(&self, model: &str) -> String {
        let model: String = form_urlencoded::byte_serialize(model.as_bytes()).collect();
        format!("{}/realtime?model={model}", self.base_url)
    }

    pub(super) async fn connect(&self, model: &str) -> Result<RealtimeSocket, ConnectError> {
        let url = self.address(model);
        let opened = self.open(&url).await;
        opened.map_err(|error| match error {
            Error::Url(_) | Error::HttpFormat(_) => ConnectError::BadBaseUrl {
                url: self.base_url.clone(),
            },
            error => ConnectError::Service {
                url,
                source: Box::new(error),
            },
        })
    }

    async fn open(&self, url: &str) -> Result<RealtimeSocket, Error> {
        let mut request = url.into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        let connector = Connector::Rustls(Arc::new(tls()?));
        // Small frames go out at once: a voice cannot wait for more.
        let no_delay = true;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let opened =
            connect_async_tls_with_config(request, Some(config), no_delay, Some(connector)).await;
        opened.map(|(socket, _)| RealtimeSocket::service(socket))
    }
}

/// TLS that does not depend on what else in the program uses it.
fn tls() -> Result<ClientConfig, Error> {
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.into()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}
