//! A client that listens: it is asked to connect by a request to its own address.

use std::io;
use std::pin::pin;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use mock_realtime::server::Exercise;
use serde_json::json;
use tokio::net::TcpStream;

use super::client::Place;
use super::nobody;

/// How long nobody has to be connected before the client is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// Where a client is asked to connect.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    url: Uri,
    /// Host and port, as a socket takes them.
    address: String,
}

impl Trigger {
    pub(super) fn new(url: &str) -> io::Result<Self> {
        let wrong = |why: &str| io::Error::other(format!("{url} cannot be asked: {why}"));
        let url: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        if url.scheme_str() != Some("http") {
            return Err(wrong("it has to begin with http://"));
        }
        let host = url.host().ok_or_else(|| wrong("it names no host"))?;
        let address = format!("{host}:{}", url.port_u16().unwrap_or(80));
        Ok(Self { url, address })
    }

    /// Has the client connect as often as it takes until it was walked through everything.
    pub(super) async fn exercise(
        &self,
        place: &Place,
        exercise: &Exercise,
        connect: Duration,
    ) -> io::Result<()> {
        let mut waited = Duration::ZERO;
        loop {
            let before = exercise.connections();
            let mut asking = pin!(self.ask(place));
            let mut is_asked = false;
            loop {
                tokio::select! {
                    () = exercise.over() => return Ok(()),
                    () = exercise.hangs() => break,
                    // It may answer at once, or once its session is over.
                    asked = &mut asking, if !is_asked => {
                        asked.map_err(|error| self.not_asked(&error))?;
                        is_asked = true;
                    }
                    () = exercise.abandoned(AGAIN) => break,
                }
            }
            waited = if exercise.connections() == before {
                waited + AGAIN
            } else {
                Duration::ZERO
            };
            if waited > connect {
                return Err(nobody(connect));
            }
        }
    }

    /// Says where to connect.
    async fn ask(&self, place: &Place) -> io::Result<()> {
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let body = json!({ "url": place.url, "base_url": place.http() }).to_string();
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::post(path)
            .header(HOST, &self.address)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        let answer = sender.send_request(request).await;
        let status = answer.map_err(io::Error::other)?.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(io::Error::other(format!("it answers {status}")));
        }
        Ok(())
    }

    fn not_asked(&self, error: &io::Error) -> io::Error {
        io::Error::other(format!("{} cannot be asked to connect: {error}", self.url))
    }
}
