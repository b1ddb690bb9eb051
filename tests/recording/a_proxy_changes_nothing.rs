//! What passes a proxy is the same on the other side: requests, refusals, frames, and the end.

use crate::proxied::{AGREED, Behind, Proxied, only_recording};
use mock_realtime::proxy::{ProxyOptions, Upstream};
use mock_realtime::server::{Server, ServerOptions, ThrowAway, Tls};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATH: &str = "/v1/realtime?model=gpt-realtime&call=a%20b";

#[tokio::test]
async fn the_server_is_asked_what_the_client_asked() {
    let behind = Behind::answering(AGREED).await;
    let host = behind.url["ws://".len()..].replace("/v1", "");
    let proxied = Proxied::before(&behind.url).await;
    assert!(proxied.url.ends_with("/v1"), "{}", proxied.url);
    let headers = "Authorization: Bearer sk-mine\r\nOpenAI-Organization: org\r\nX-Mine: 1\r\nX-Mine: 2\r\n\
         Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.ek_1\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let (reply, _stream) = proxied.upgrade(PATH, headers).await;
    assert_eq!(reply.status, 101);
    assert_eq!(reply.header("sec-websocket-protocol"), Some("realtime"));
    let accept = reply.header("sec-websocket-accept");
    assert_eq!(accept, Some("s3pplmbitxaq9kygzzhzrbk+xoo="));

    let (asked, _stream) = behind.accepted().await;
    assert!(
        asked.starts_with(&format!("GET {PATH} HTTP/1.1\r\n")),
        "{asked}"
    );
    let lines: Vec<String> = asked.lines().map(str::to_lowercase).collect();
    for line in headers.lines().chain([
        &*format!("Host: {host}"),
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Upgrade: websocket",
    ]) {
        // Compressed frames could not be read by the proxy.
        let passes = !line.contains("deflate");
        assert_eq!(
            lines.contains(&line.to_lowercase()),
            passes,
            "{line} in {asked}"
        );
    }
}

#[tokio::test]
async fn a_refusal_is_given_to_the_client() {
    let body = r#"{"error":{"message":"no","type":"invalid_request_error"}}"#;
    let length = body.len();
    let behind = Behind::answering(format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nx-request-id: req_1\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
    .await;
    let proxied = Proxied::before(&behind.url).await;
    let (reply, _stream) = proxied.upgrade(PATH, "").await;
    assert_eq!((reply.status, reply.body.as_str()), (401, body));
    assert_eq!(reply.header("x-request-id"), Some("req_1"));
    assert_eq!(reply.header("www-authenticate"), Some("bearer"));
    assert_eq!(proxied.stop().await.sessions, 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_502_that_says_so() {
    // A port that nothing listens on any more.
    let behind = Behind::answering("").await;
    let url = behind.url.clone();
    drop(behind);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = format!("ws://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let proxied = Proxied::before(&free).await;
    let (reply, _stream) = proxied.upgrade(PATH, "").await;
    assert_eq!(reply.status, 502);
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    let message = body["error"]["message"].as_str().unwrap();
    assert!(
        message.contains(&free) && message.contains("is it running"),
        "{message}"
    );
    assert_eq!(proxied.stop().await.unreachable, 1);
    drop(url);
}

/// A session through a proxy, before its first frame: the client's end, and the server's.
async fn session(options: impl Fn(Upstream) -> ProxyOptions) -> (Proxied, TcpStream, TcpStream) {
    let behind = Behind::answering(AGREED).await;
    let proxied = Proxied::start(options(Upstream::new(&behind.url).unwrap())).await;
    let (reply, client) = proxied.upgrade(PATH, "").await;
    assert_eq!(reply.status, 101);
    (proxied, client, behind.accepted().await.1)
}

#[tokio::test]
async fn closes_pass_with_their_code_and_what_is_dropped_is_dropped() {
    let (_proxied, mut client, mut server) = session(ProxyOptions::to).await;
    let close = [0x88, 5, 0x0f, 0xa0, b'b', b'y', b'e'];
    server.write_all(&close).await.unwrap();
    let mut passed = [0; 7];
    client.read_exact(&mut passed).await.unwrap();
    assert_eq!(passed, close);
    drop(client);
    assert_eq!(server.read(&mut passed).await.unwrap(), 0);

    let (_proxied, mut client, server) = session(ProxyOptions::to).await;
    drop(server);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"", "no close is made up");
}

/// What one side sends: messages in fragments, pings between them.
#[derive(Clone, Debug)]
struct Sent {
    bytes: Vec<u8>,
    texts: Vec<String>,
}

fn frame(bytes: &mut Vec<u8>, first: u8, mask: Option<[u8; 4]>, payload: &[u8]) {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    bytes.push(first);
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => bytes.push(masked | u8::try_from(length).unwrap()),
        Ok(length) => {
            bytes.push(masked | 0x7e);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(masked | 0x7f);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(mask.iter().flatten());
    let mask = mask.unwrap_or_default();
    let payload = payload.iter().zip(mask.iter().cycle());
    bytes.extend(payload.map(|(byte, mask)| byte ^ mask));
}

/// Any texts, short or longer than a read, in any fragments.
fn sent(is_client: bool) -> impl Strategy<Value = Sent> {
    let text = prop_oneof![
        3 => "[a-zé☎ ]{0,40}".boxed(),
        1 => (1_000_usize..40_000).prop_map(|length| "é".repeat(length)).boxed(),
    ];
    let message = (text, 1_usize..4, any::<[u8; 4]>(), any::<bool>());
    prop::collection::vec(message, 0..6).prop_map(move |messages| {
        let mut sent = Sent {
            bytes: Vec::new(),
            texts: Vec::new(),
        };
        for (text, fragments, mask, pings) in messages {
            let text = format!(r#"{{"type":"x","text":"{text}"}}"#);
            let mask = is_client.then_some(mask);
            let pieces: Vec<&[u8]> = text
                .as_bytes()
                .chunks(text.len().div_ceil(fragments))
                .collect();
            for (number, piece) in pieces.iter().enumerate() {
                let opcode = u8::from(number == 0);
                let end = if number + 1 == pieces.len() { 0x80 } else { 0 };
                frame(&mut sent.bytes, end | opcode, mask, piece);
                if pings {
                    frame(&mut sent.bytes, 0x89, mask, b"ping");
                }
            }
            sent.texts.push(text);
        }
        sent
    })
}

/// Sends, and reads what comes from the other side, at once.
async fn exchange(mut stream: TcpStream, says: Vec<u8>, expects: usize) -> (Vec<u8>, TcpStream) {
    let mut heard = vec![0; expects];
    let (mut read, mut write) = stream.split();
    let (written, got) = tokio::join!(write.write_all(&says), read.read_exact(&mut heard));
    written.unwrap();
    got.unwrap();
    (heard, stream)
}

#[test]
fn frames_of_any_form_pass_byte_for_byte_and_are_recorded_whole() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config::with_cases(48));
    let both = (sent(true), sent(false));
    let passes = |client_says: Sent, server_says: Sent| async move {
        let folder = tempfile::tempdir().unwrap();
        let (proxied, client, server) = session(|upstream| ProxyOptions {
            record: Some(folder.path().to_owned()),
            ..ProxyOptions::to(upstream)
        })
        .await;
        let (at_client, at_server) = tokio::join!(
            exchange(client, client_says.bytes.clone(), server_says.bytes.len()),
            exchange(server, server_says.bytes.clone(), client_says.bytes.len()),
        );
        assert!(
            at_client.0 == server_says.bytes,
            "the server's bytes differ"
        );
        assert!(
            at_server.0 == client_says.bytes,
            "the client's bytes differ"
        );
        // Nobody is there to answer the close of a proxy that ends.
        drop((at_client, at_server));
        let summary = proxied.stop().await;
        let events = client_says.texts.len() + server_says.texts.len();
        assert_eq!((summary.events, summary.incomplete), (events as u64, 0));
        if events == 0 {
            return;
        }
        let (_, session) = only_recording(folder.path());
        for (by, says) in [("client", client_says), ("server", server_says)] {
            let of_side = session
                .entries
                .iter()
                .filter(|entry| entry.by.as_str() == by);
            let recorded: Vec<String> = of_side.map(|entry| entry.event.to_string()).collect();
            assert!(recorded == says.texts, "the recording of the {by} differs");
        }
    };
    runner
        .run(&both, |(client_says, server_says)| {
            runtime.block_on(passes(client_says, server_says));
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn what_is_no_frame_passes_too_and_is_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (proxied, client, server) = session(|upstream| ProxyOptions {
        record: Some(folder.path().to_owned()),
        message: 1_000,
        ..ProxyOptions::to(upstream)
    })
    .await;
    let mut says = Vec::new();
    frame(&mut says, 0x81, None, br#"{"type":"first"}"#);
    // Longer than what is kept in memory, and after it something that is no frame at all.
    frame(&mut says, 0x81, None, &[b' '; 2_000]);
    says.extend([0xff; 100]);
    let (at_client, at_server) = tokio::join!(
        exchange(client, Vec::new(), says.len()),
        exchange(server, says.clone(), 0)
    );
    assert!(at_client.0 == says);
    drop((at_client, at_server));
    assert_eq!(proxied.stop().await.incomplete, 1);
    let (file, session) = only_recording(folder.path());
    assert_eq!(session.entries.len(), 1);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(
        text.contains("what the server sends from here on is missing"),
        "{text}"
    );
}

#[tokio::test]
async fn requests_beside_the_sockets_pass_with_their_bodies() {
    let server = Server::bind("127.0.0.1:0", ServerOptions::default())
        .await
        .unwrap();
    let url = server.url();
    tokio::spawn(server.run(std::future::pending()));
    let folder = tempfile::tempdir().unwrap();
    let proxied = Proxied::start(ProxyOptions {
        record: Some(folder.path().to_owned()),
        ..ProxyOptions::to(Upstream::new(url).unwrap())
    })
    .await;
    let body = r#"{"session":{"type":"realtime","model":"gpt-realtime"}}"#;
    let length = body.len();
    let secret = proxied
        .exchange(&format!(
            "POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: proxy\r\nAuthorization: Bearer sk-mine\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
        .await;
    assert_eq!(secret.status, 200, "{secret:?}");
    let secret: Value = serde_json::from_str(&secret.body).unwrap();
    let key = secret["value"].as_str().unwrap();
    assert!(key.starts_with("ek_"));
    let models = proxied
        .exchange("GET /v1/models HTTP/1.1\r\nHost: proxy\r\nAuthorization: Bearer sk-mine\r\n\r\n")
        .await;
    assert_eq!(models.status, 200, "{models:?}");
    // The key opens a session, and is in no file.
    let (reply, stream) = proxied
        .upgrade("/v1/realtime", &format!("Authorization: Bearer {key}\r\n"))
        .await;
    assert_eq!(reply.status, 101);
    drop(stream);
    proxied.stop().await;
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap();
    let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
    assert!(!text.contains("ek_") && !text.contains("sk-mine"), "{text}");
}

#[tokio::test]
async fn tls_is_spoken_with_both_sides() {
    let ThrowAway { tls, authority } = Tls::throw_away(["localhost", "127.0.0.1"]).unwrap();
    let options = ServerOptions {
        tls: Some(tls),
        ..ServerOptions::default()
    };
    let server = Server::bind("127.0.0.1:0", options).await.unwrap();
    let url = server.url();
    assert!(url.starts_with("wss://"));
    tokio::spawn(server.run(std::future::pending()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).unwrap();
    let trusted = Proxied::start(ProxyOptions::to(Upstream::trusting(&url, &file).unwrap())).await;
    let key = "Authorization: Bearer sk-mine\r\n";
    assert_eq!(trusted.upgrade(PATH, key).await.0.status, 101);

    let stranger = Proxied::before(&url).await;
    let (reply, _stream) = stranger.upgrade(PATH, key).await;
    assert_eq!(reply.status, 502);
    assert!(reply.body.contains("--upstream-ca"), "{}", reply.body);

    let ThrowAway { tls, .. } = Tls::throw_away(["localhost"]).unwrap();
    let proxied = Proxied::start(ProxyOptions {
        tls: Some(tls),
        ..ProxyOptions::to(Upstream::trusting(&url, &file).unwrap())
    })
    .await;
    assert!(proxied.url.starts_with("wss://"), "{}", proxied.url);
}
