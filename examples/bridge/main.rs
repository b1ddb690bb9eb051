//! A server that carriers call: Twilio at `/twilio`, AudioCodes at `/audiocodes`. Twilio asks first at
//! `/voice` what to do with a call.
//!
//! ```console
//! OPENAI_API_KEY=… cargo run --example bridge --features connect,telephony
//! ```
//!
//! | variable | what it says |
//! | --- | --- |
//! | `BRIDGE_ADDRESS` | where to listen: `127.0.0.1:8090` if nothing is said |
//! | `TWILIO_AUTH_TOKEN` | what Twilio signs its requests with; anybody may make them, without |
//! | `BRIDGE_TOKEN` | the token that AudioCodes shows; any will do, without |
//! | `OPENAI_BASE_URL`, `OPENAI_API_KEY`, … | the model, as `mock_realtime::connect` reads them |

#[path = "bridge.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    unused_imports,
    reason = "an application's"
)]
pub(crate) mod bridge;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;

use bridge::{AudioCodes, Carrier, Form, Guard, Lines, Shop, Twilio, hold};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, UPGRADE};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use mock_realtime::connect::Target;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

const MODEL: &str = "gpt-realtime";

type Answer = Response<String>;

/// What all calls share.
pub(crate) struct Server {
    target: Target,
    guard: Guard,
    lines: Lines<WebSocketStream<TokioIo<Upgraded>>>,
}

/// Bytes read at a time. The library's default is many times what a frame of a call has, and costs its
/// length each time it is looked for one.
const READ_BUFFER: usize = 1024;

/// No form of Twilio's is longer.
const LONGEST_FORM: usize = 64 * 1024;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name| std::env::var(name).ok();
    let guard = Guard {
        twilio_auth_token: variable("TWILIO_AUTH_TOKEN"),
        audiocodes_token: variable("BRIDGE_TOKEN"),
    };
    let server = Server::new(Target::from_env()?, guard);
    let address = variable("BRIDGE_ADDRESS").unwrap_or_else(|| "127.0.0.1:8090".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    server.serve(listener).await?;
    Ok(())
}

impl Server {
    pub(crate) fn new(target: Target, guard: Guard) -> Arc<Self> {
        Arc::new(Self {
            target,
            guard,
            lines: Lines::default(),
        })
    }

    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) -> io::Result<Infallible> {
        loop {
            let (stream, _) = listener.accept().await?;
            // Frames are small, and late ones are heard.
            stream.set_nodelay(true)?;
            let server = Arc::clone(&self);
            tokio::spawn(async move {
                let server = &server;
                let answer = service_fn(|request| async move {
                    Ok::<_, Infallible>(answer(server, request).await)
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .with_upgrades();
                if let Err(error) = connection.await {
                    eprintln!("a connection ended early: {error}");
                }
            });
        }
    }
}

async fn answer(server: &Arc<Server>, request: Request<Incoming>) -> Answer {
    let guard = &server.guard;
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/voice") => voice(guard, request).await,
        (_, "/twilio") if !is_twilio(guard, request.headers()) => status(StatusCode::FORBIDDEN),
        (_, "/twilio") => upgrade(server, request, Box::new(Twilio::default())),
        (_, "/audiocodes") if !guard.knows_audiocodes(request.headers()) => {
            status(StatusCode::UNAUTHORIZED)
        }
        (_, "/audiocodes") if request.headers().get(UPGRADE).is_none() => {
            // Its configuration screen asks whether there is a bot.
            let bot = r#"{"type":"ac-bot-api","success":true}"#;
            with_type("application/json", bot.to_owned())
        }
        (_, "/audiocodes") => upgrade(server, request, Box::new(AudioCodes::default())),
        _ => status(StatusCode::NOT_FOUND),
    }
}

/// Twilio asks what to do with a call, with a form about it: connect it to the bridge.
async fn voice(guard: &Guard, request: Request<Incoming>) -> Answer {
    let path = request.uri().path_and_query();
    let path = path.map_or("/voice", |path| path.as_str()).to_owned();
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LONGEST_FORM).collect().await else {
        return status(StatusCode::BAD_REQUEST);
    };
    let form: Form = form_urlencoded::parse(&body.to_bytes())
        .into_owned()
        .collect();
    if !guard.knows_twilio(&head.headers, &url(&head.headers, "http", &path), &form) {
        return status(StatusCode::FORBIDDEN);
    }
    let twiml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Response><Connect><Stream url=\"{}\"/></Connect></Response>",
        stream_url(&head.headers)
    );
    with_type("text/xml", twiml)
}

/// Whether it is Twilio that asks for a stream.
fn is_twilio(guard: &Guard, headers: &HeaderMap) -> bool {
    guard.knows_twilio(headers, &stream_url(headers), &Form::new())
}

/// Where Twilio's streams go, as it is told and as it signs.
fn stream_url(headers: &HeaderMap) -> String {
    url(headers, "ws", "/twilio")
}

/// The URL of a path as it is known outside; `scheme` is that without TLS.
fn url(headers: &HeaderMap, scheme: &str, path: &str) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.unwrap_or("localhost");
    // Proxies that end TLS in front of the bridge say that they do.
    let forwarded = headers.get("x-forwarded-proto");
    let secure = match forwarded.map(HeaderValue::as_bytes) {
        Some(b"https" | b"wss") => "s",
        _ => "",
    };
    format!("{scheme}{secure}://{host}{path}")
}

/// Makes the connection a WebSocket, and holds a call on it.
fn upgrade(
    server: &Arc<Server>,
    mut request: Request<Incoming>,
    carrier: Box<dyn Carrier>,
) -> Answer {
    let Some(key) = request.headers().get("sec-websocket-key") else {
        return status(StatusCode::UPGRADE_REQUIRED);
    };
    let accept = derive_accept_key(key.as_bytes());
    let server = Arc::clone(server);
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(stream) = upgraded.await else {
            return;
        };
        let stream = TokioIo::new(stream);
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        let connect = || async {
            let model = server.target.connect(MODEL).await;
            model.map_err(|error| tungstenite::Error::Io(io::Error::other(error)))
        };
        if let Err(error) = hold(socket, carrier, &server.lines, &Shop, connect).await {
            eprintln!("a call ended early: {error}");
        }
    });
    let mut answer = status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, UPGRADE.into());
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = accept.parse() {
        headers.insert("sec-websocket-accept", accept);
    }
    answer
}

fn status(status: StatusCode) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    answer
}

fn with_type(content_type: &'static str, body: String) -> Answer {
    let mut answer = Answer::new(body);
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}
