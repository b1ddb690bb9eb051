//! The protocol level, case by case, under the numbers that the Autobahn test suite has for them. Its
//! own server echoes; here every text is answered with an error that names the id in it, so that what
//! arrived can be seen.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::wire::{
    BINARY, CLOSE, CONTINUATION, FIN, Frame, PING, PONG, TEXT, answered, closing, frame, head,
    in_time, read_frame, unmasked,
};
use mock_realtime::engine::SessionOptions;
use mock_realtime::server::run_session;
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, DuplexStream};

/// What comes back.
#[derive(Debug, PartialEq)]
enum Answer {
    /// An error about a text that had this id.
    Text(String),
    /// An error with this code.
    Error(&'static str),
    Pong(Vec<u8>),
    /// The end, with this code or without one.
    Closed(Option<u16>),
}

use Answer::{Closed, Error, Pong, Text};

impl Answer {
    fn of(frame: &Frame) -> Self {
        match (frame.first ^ FIN, &frame.payload[..]) {
            (TEXT, payload) => {
                let event: Value = serde_json::from_slice(payload).unwrap();
                let error = &event["error"];
                match (error["event_id"].as_str(), error["code"].as_str()) {
                    (Some(id), _) => Text(id.to_owned()),
                    (None, Some("invalid_json")) => Error("invalid_json"),
                    (None, Some("invalid_event")) => Error("invalid_event"),
                    other => panic!("{other:?}"),
                }
            }
            (PONG, payload) => Pong(payload.to_vec()),
            (CLOSE, []) => Closed(None),
            (CLOSE, _) => Closed(Some(frame.closes().0)),
            other => panic!("{other:?}"),
        }
    }
}

/// One case: its number, what is sent, and what comes back. A session that is not closed lives on.
struct Case {
    number: &'static str,
    sent: Vec<Vec<u8>>,
    answers: Vec<Answer>,
}

fn case(
    number: &'static str,
    sent: impl IntoIterator<Item = Vec<u8>>,
    answers: impl IntoIterator<Item = Answer>,
) -> Case {
    Case {
        number,
        sent: sent.into_iter().collect(),
        answers: answers.into_iter().collect(),
    }
}

/// A case that breaks the rules.
fn failed(number: &'static str, sent: impl IntoIterator<Item = Vec<u8>>) -> Case {
    case(number, sent, [Closed(Some(1002))])
}

impl Case {
    /// The same bytes, one at a time.
    fn in_octets(mut self) -> Self {
        let bytes = self.sent.concat();
        self.sent = bytes.into_iter().map(|byte| vec![byte]).collect();
        self
    }

    async fn holds(self) {
        let number = self.number;
        let mut client = open().await;
        for bytes in &self.sent {
            // A server that has closed does not read on.
            let _ = client.write_all(bytes).await;
            tokio::task::yield_now().await;
        }
        for expected in &self.answers {
            let frame = in_time(read_frame(&mut client)).await;
            let frame = frame.unwrap_or_else(|| panic!("{number}: no {expected:?}"));
            assert_eq!(Answer::of(&frame), *expected, "{number}");
        }
        if matches!(self.answers.last(), Some(Closed(_))) {
            assert_eq!(read_frame(&mut client).await, None, "{number}: it goes on");
        } else {
            let clear = r#"{"type":"input_audio_buffer.clear"}"#;
            let cleared = answered(&mut client, clear).await;
            assert_eq!(cleared, "input_audio_buffer.cleared", "{number}");
        }
    }
}

async fn open() -> DuplexStream {
    let (mut client, server) = tokio::io::duplex(1024 * 1024);
    tokio::spawn(run_session(server, SessionOptions::default()));
    let first = read_frame(&mut client).await.unwrap();
    assert_eq!(first.event_type(), "session.created");
    client
}

async fn all_hold(cases: impl IntoIterator<Item = Case>) {
    for case in cases {
        case.holds().await;
    }
}

/// A text whose answer names this id.
fn named(id: &str) -> Vec<u8> {
    json!({ "type": "?", "event_id": id })
        .to_string()
        .into_bytes()
}

fn text(id: &str) -> Vec<u8> {
    frame(FIN | TEXT, &named(id))
}

/// Frames that are one message: split before each of these bytes.
fn fragments(opcode: u8, payload: &[u8], at: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut rest = 0;
    for at in at {
        parts.push(&payload[rest..at]);
        rest = at;
    }
    parts.push(&payload[rest..]);
    let last = parts.len() - 1;
    let first_byte = |number| match number {
        0 if number == last => FIN | opcode,
        0 => opcode,
        _ if number == last => FIN | CONTINUATION,
        _ => CONTINUATION,
    };
    let framed = parts.iter().enumerate();
    framed
        .map(|(number, part)| frame(first_byte(number), part))
        .collect()
}

#[tokio::test]
async fn lengths() {
    let sizes = [
        ("1.1.1", 0),
        ("1.1.2", 125),
        ("1.1.3", 126),
        ("1.1.4", 127),
        ("1.1.5", 128),
        ("1.1.6", 65535),
        ("1.1.7", 65536),
    ];
    for (number, size) in sizes {
        let text = frame(FIN | TEXT, &vec![b'*'; size]);
        case(number, [text.clone()], [Error("invalid_json")])
            .holds()
            .await;
    }
    let chops: Vec<Vec<u8>> = frame(FIN | TEXT, &vec![b'*'; 65536])
        .chunks(997)
        .map(<[u8]>::to_vec)
        .collect();
    case("1.1.8", chops, [Error("invalid_json")]).holds().await;
    let sizes = [
        ("1.2.1", 0),
        ("1.2.2", 125),
        ("1.2.3", 126),
        ("1.2.4", 127),
        ("1.2.5", 128),
        ("1.2.6", 65535),
        ("1.2.7", 65536),
    ];
    for (number, size) in sizes {
        let binary = frame(FIN | BINARY, &vec![0xfe; size]);
        case(number, [binary], [Error("invalid_event")])
            .holds()
            .await;
    }
    let chops: Vec<Vec<u8>> = frame(FIN | BINARY, &vec![0xfe; 65536])
        .chunks(997)
        .map(<[u8]>::to_vec)
        .collect();
    case("1.2.8", chops, [Error("invalid_event")]).holds().await;
}

#[tokio::test]
async fn pings_and_pongs() {
    let ping = |payload: &[u8]| frame(FIN | PING, payload);
    let answer = |payload: &[u8]| Pong(payload.to_vec());
    let longest = [0xfe; 125];
    let ten = || (0..10).map(|number| format!("payload-{number}").into_bytes());
    let pings = || ten().map(|payload| frame(FIN | PING, &payload));
    all_hold([
        case("2.1", [ping(b"")], [answer(b"")]),
        case("2.2", [ping(b"Hello, world!")], [answer(b"Hello, world!")]),
        case(
            "2.3",
            [ping(&[0, 0xff, 0xfe, 0xfd])],
            [answer(&[0, 0xff, 0xfe, 0xfd])],
        ),
        case("2.4", [ping(&longest)], [answer(&longest)]),
        failed("2.5", [ping(&[0xfe; 126])]),
        case("2.6", [ping(&longest)], [answer(&longest)]).in_octets(),
        case("2.7", [frame(FIN | PONG, b"")], []),
        case("2.8", [frame(FIN | PONG, b"unsolicited")], []),
        case(
            "2.9",
            [frame(FIN | PONG, b"unsolicited"), ping(b"ping")],
            [answer(b"ping")],
        ),
        case("2.10", pings(), ten().map(Pong)),
        case("2.11", pings(), ten().map(Pong)).in_octets(),
    ])
    .await;
}

#[tokio::test]
async fn reserved_bits() {
    let reserved = |bits: u8, first: u8| frame(FIN | (bits << 4) | first, b"Hello");
    let ping = frame(FIN | PING, b"");
    let before = || vec![Text("a".to_owned()), Closed(Some(1002))];
    all_hold([
        failed("3.1", [reserved(1, TEXT)]),
        case(
            "3.2",
            [text("a"), reserved(2, TEXT), ping.clone()],
            before(),
        ),
        case(
            "3.3",
            [text("a"), reserved(3, TEXT), ping.clone()],
            before(),
        ),
        case("3.4", [text("a"), reserved(4, TEXT), ping], before()).in_octets(),
        failed("3.5", [reserved(5, BINARY)]),
        failed("3.6", [reserved(6, PING)]),
        failed("3.7", [reserved(7, CLOSE)]),
    ])
    .await;
}

#[tokio::test]
async fn opcodes() {
    let first = [("4.1.1", 3), ("4.1.2", 4), ("4.2.1", 11), ("4.2.2", 12)];
    for (number, opcode) in first {
        let payload: &[u8] = if number.ends_with('1') {
            b""
        } else {
            b"reserved opcode"
        };
        failed(number, [frame(FIN | opcode, payload)]).holds().await;
    }
    let later = [
        ("4.1.3", 5),
        ("4.1.4", 6),
        ("4.1.5", 7),
        ("4.2.3", 13),
        ("4.2.4", 14),
        ("4.2.5", 15),
    ];
    for (number, opcode) in later {
        let sent = [
            text("a"),
            frame(FIN | opcode, b"reserved"),
            frame(FIN | PING, b""),
        ];
        let answers = [Text("a".to_owned()), Closed(Some(1002))];
        case(number, sent, answers).holds().await;
    }
}

#[tokio::test]
async fn fragments_and_what_comes_between() {
    let whole = named("fragments");
    let done = || Text("fragments".to_owned());
    let two = || fragments(TEXT, &whole, [9]);
    let five = || fragments(TEXT, &whole, [3, 3, 9, 20]);
    let ping = |payload: &[u8]| frame(FIN | PING, payload);
    let between = |mut frames: Vec<Vec<u8>>, at: usize| {
        frames.insert(at, ping(b"between"));
        frames
    };
    let ponged = || Pong(b"between".to_vec());
    let torn = |first: u8| [frame(first, b"1"), frame(FIN | TEXT, b"2")];
    let then_text = |first: u8| [frame(first, b"nothing before"), text("a")];
    all_hold([
        failed(
            "5.1",
            [frame(PING, b"frag"), frame(FIN | CONTINUATION, b"ment")],
        ),
        failed(
            "5.2",
            [frame(PONG, b"frag"), frame(FIN | CONTINUATION, b"ment")],
        ),
        case("5.3", two(), [done()]),
        case("5.4", [two().concat()], [done()]),
        case("5.5", two(), [done()]).in_octets(),
        case("5.6", between(two(), 1), [ponged(), done()]),
        case("5.7", [between(two(), 1).concat()], [ponged(), done()]),
        case("5.8", between(two(), 1), [ponged(), done()]).in_octets(),
        failed("5.9", then_text(FIN | CONTINUATION)),
        failed("5.10", [then_text(FIN | CONTINUATION).concat()]),
        failed("5.11", then_text(FIN | CONTINUATION)).in_octets(),
        failed("5.12", then_text(CONTINUATION)),
        failed("5.13", [then_text(CONTINUATION).concat()]),
        failed("5.14", then_text(CONTINUATION)).in_octets(),
        case(
            "5.15",
            [two(), then_text(CONTINUATION).to_vec()].concat(),
            [done(), Closed(Some(1002))],
        ),
        failed("5.16", [torn(CONTINUATION), torn(CONTINUATION)].concat()),
        failed(
            "5.17",
            [torn(FIN | CONTINUATION), torn(FIN | CONTINUATION)].concat(),
        ),
        failed("5.18", [frame(TEXT, b"1"), frame(FIN | TEXT, b"2")]),
        case("5.19", between(five(), 3), [ponged(), done()]),
        case(
            "5.20",
            between(between(five(), 4), 2),
            [ponged(), ponged(), done()],
        )
        .in_octets(),
    ])
    .await;
}

#[tokio::test]
async fn texts_that_are_utf_8() {
    let nothing = || Error("invalid_json");
    all_hold([
        case("6.1.1", [frame(FIN | TEXT, b"")], [nothing()]),
        case("6.1.2", fragments(TEXT, b"", [0, 0]), [nothing()]),
        case("6.1.3", fragments(TEXT, b"middle", [0, 6]), [nothing()]),
        case("6.7.1", [frame(FIN | TEXT, b"\0")], [nothing()]),
    ])
    .await;
    let hello = "Hello-µ@ßöäüàá-UTF-8!!";
    let texts = [
        ("6.2.1", hello),
        ("6.2.4", "κόσμε"),
        ("6.5", "κόσμε\u{0301}"),
        ("6.6.2", "κ"),
        ("6.6.5", "κό"),
        ("6.6.7", "κόσ"),
        ("6.6.9", "κόσμ"),
        ("6.7.2", "\u{80}"),
        ("6.7.3", "\u{800}"),
        ("6.7.4", "\u{10000}"),
        ("6.9.1", "\u{7f}"),
        ("6.9.2", "\u{7ff}"),
        ("6.9.3", "\u{ffff}"),
        ("6.9.4", "\u{10ffff}"),
        ("6.11.1", "\u{d7ff}"),
        ("6.11.2", "\u{e000}"),
        ("6.11.3", "\u{fffd}"),
        ("6.11.4", "\u{10ffff}"),
        ("6.22.1", "\u{fffe}"),
        ("6.22.3", "\u{1fffe}"),
        ("6.22.33", "\u{10fffe}"),
        ("6.23.1", "\u{fff9}\u{fffa}\u{fffb}\u{fffc}"),
    ];
    for (number, id) in texts {
        let payload = named(id);
        let every_byte = 1..payload.len();
        let answer = || [Text(id.to_owned())];
        case(number, [text(id)], answer()).holds().await;
        // 6.2.2 and 6.2.3: fragments that end within a character.
        case(number, fragments(TEXT, &payload, every_byte), answer())
            .holds()
            .await;
        case(number, [text(id)], answer()).in_octets().holds().await;
    }
}

#[tokio::test]
async fn texts_that_are_not() {
    // The valid beginning that some of the cases have.
    let kosme = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5".as_slice();
    let after = |bytes: &[u8]| [kosme, bytes, b"edited"].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("6.3.1", after(b"\xed\xa0\x80")),
        ("6.4.1", after(b"\xf4\x90\x80\x80")),
        ("6.6.1", kosme[..1].to_vec()),
        ("6.6.3", kosme[..3].to_vec()),
        ("6.6.4", kosme[..4].to_vec()),
        ("6.6.6", kosme[..6].to_vec()),
        ("6.6.8", kosme[..8].to_vec()),
        ("6.6.10", kosme[..10].to_vec()),
        ("6.8.1", b"\xf8\x88\x80\x80\x80".to_vec()),
        ("6.8.2", b"\xfc\x84\x80\x80\x80\x80".to_vec()),
        ("6.10.1", b"\xf7\xbf\xbf\xbf".to_vec()),
        ("6.10.2", b"\xfb\xbf\xbf\xbf\xbf".to_vec()),
        ("6.10.3", b"\xfd\xbf\xbf\xbf\xbf\xbf".to_vec()),
        ("6.11.5", b"\xf4\x90\x80\x80".to_vec()),
        ("6.12.1", b"\x80".to_vec()),
        ("6.12.2", b"\xbf".to_vec()),
        ("6.12.3", b"\x80\xbf".to_vec()),
        ("6.12.8", (0x80..=0xbf).collect()),
        (
            "6.13.1",
            (0xc0..=0xdf).flat_map(|byte| [byte, b' ']).collect(),
        ),
        (
            "6.13.2",
            (0xe0..=0xef).flat_map(|byte| [byte, b' ']).collect(),
        ),
        (
            "6.13.3",
            (0xf0..=0xf7).flat_map(|byte| [byte, b' ']).collect(),
        ),
        ("6.14.1", b"\xc0".to_vec()),
        ("6.14.2", b"\xe0\x80".to_vec()),
        ("6.14.3", b"\xf0\x80\x80".to_vec()),
        ("6.14.6", b"\xdf".to_vec()),
        ("6.14.7", b"\xef\xbf".to_vec()),
        ("6.14.8", b"\xf7\xbf\xbf".to_vec()),
        ("6.16.1", b"\xfe".to_vec()),
        ("6.16.2", b"\xff".to_vec()),
        ("6.16.3", b"\xfe\xfe\xff\xff".to_vec()),
        ("6.17.1", b"\xc0\xaf".to_vec()),
        ("6.17.2", b"\xe0\x80\xaf".to_vec()),
        ("6.17.3", b"\xf0\x80\x80\xaf".to_vec()),
        ("6.18.1", b"\xc1\xbf".to_vec()),
        ("6.18.2", b"\xe0\x9f\xbf".to_vec()),
        ("6.18.3", b"\xf0\x8f\xbf\xbf".to_vec()),
        ("6.19.1", b"\xc0\x80".to_vec()),
        ("6.19.2", b"\xe0\x80\x80".to_vec()),
        ("6.19.3", b"\xf0\x80\x80\x80".to_vec()),
        ("6.20.1", b"\xed\xa0\x80".to_vec()),
        ("6.20.4", b"\xed\xaf\xbf".to_vec()),
        ("6.20.7", b"\xed\xbf\xbf".to_vec()),
        ("6.21.1", b"\xed\xa0\x80\xed\xb0\x80".to_vec()),
        ("6.21.8", b"\xed\xaf\xbf\xed\xbf\xbf".to_vec()),
    ];
    for (number, payload) in cases {
        let answers = || [Error("invalid_event"), Closed(Some(1007))];
        case(number, [frame(FIN | TEXT, &payload)], answers())
            .holds()
            .await;
        let every_byte = fragments(TEXT, &payload, 1..payload.len());
        case(number, every_byte, answers()).holds().await;
    }
    // 6.4: it fails as soon as it cannot become right any more, not at the end of the message.
    let begun = [frame(TEXT, kosme), frame(CONTINUATION, b"\xf4\x90")];
    case("6.4.2", begun, [Error("invalid_event"), Closed(Some(1007))])
        .holds()
        .await;
}

#[tokio::test]
async fn closes() {
    let close = |payload: &[u8]| frame(FIN | CLOSE, payload);
    let normal = || close(&closing(1000, b""));
    let echoed = || [Closed(Some(1000))];
    let long = vec![b'*'; 256 * 1024];
    all_hold([
        case(
            "7.1.1",
            [text("a"), normal()],
            [Text("a".to_owned()), Closed(Some(1000))],
        ),
        case("7.1.2", [normal(), normal()], echoed()),
        case("7.1.3", [normal(), frame(FIN | PING, b"")], echoed()),
        case("7.1.4", [normal(), text("a")], echoed()),
        case(
            "7.1.5",
            [
                frame(TEXT, b"frag"),
                normal(),
                frame(FIN | CONTINUATION, b"ment"),
            ],
            echoed(),
        ),
        case(
            "7.1.6",
            [frame(FIN | TEXT, &long), normal(), frame(FIN | PING, b"")],
            [Error("invalid_json"), Closed(Some(1000))],
        ),
        case("7.3.1", [close(b"")], [Closed(None)]),
        failed("7.3.2", [close(b"a")]),
        case("7.3.3", [normal()], echoed()),
        case("7.3.4", [close(&closing(1000, b"Hello World!"))], echoed()),
        case("7.3.5", [close(&closing(1000, &[b'*'; 123]))], echoed()),
        failed("7.3.6", [close(&closing(1000, &[b'*'; 124]))]),
    ])
    .await;
    let invalid = close(&closing(1000, b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80"));
    case(
        "7.5.1",
        [invalid],
        [Error("invalid_event"), Closed(Some(1007))],
    )
    .holds()
    .await;
    let valid = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ];
    for code in valid {
        let sent = [close(&closing(code, b""))];
        case("7.7", sent, [Closed(Some(code))]).holds().await;
    }
    for code in [
        0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535,
    ] {
        failed("7.9", [close(&closing(code, b""))]).holds().await;
    }
}

#[tokio::test]
async fn masks() {
    let unmasked_ping = unmasked(FIN | PING, b"Hello");
    all_hold([
        failed("a text without a mask", [unmasked(FIN | TEXT, b"Hello")]),
        failed("a ping without a mask", [unmasked_ping]),
    ])
    .await;
}

#[tokio::test]
async fn messages_that_are_too_long() {
    // As soon as it says how long it will be.
    for length in [32 * 1024 * 1024 + 1, usize::MAX] {
        let mut begun = head(FIN | TEXT, length);
        begun[1] |= 0x80;
        begun.extend([0; 4]);
        case("one frame", [begun], [Closed(Some(1009))])
            .holds()
            .await;
    }
    let megabyte = vec![b'*'; 1024 * 1024];
    let mut fragments = vec![frame(TEXT, &megabyte)];
    fragments.extend((0..32).map(|_| frame(CONTINUATION, &megabyte)));
    case("fragments", fragments, [Closed(Some(1009))])
        .holds()
        .await;
}
