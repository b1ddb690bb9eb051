//! Sound: `cargo bench --bench audio`.
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

use std::time::Duration;

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use mock_realtime::audio::{
    Clip, DeltaSizes, Encoding, EnergyDetector, Recordings, SpeechDetector,
};
use mock_realtime::engine::{Input, Session, SessionOptions};
use mock_realtime::generators::{PlannedItem, PlannedMessage, ResponsePlan, Scripted};
use mock_realtime::protocol::realtime::{ClientEvent, InputAudioBufferAppend};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const ALL: [Encoding; 3] = [Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw];

fn main() {
    divan::main();
}

/// Speech of so many seconds: 15 characters each.
fn speech(seconds: usize) -> Clip {
    Clip::spoken(
        &"Tell me more, do.".repeat(seconds)[..15 * seconds],
        "ash",
        1.0,
    )
}

/// The same at 48,000 samples a second.
fn recorded(seconds: usize) -> Clip {
    let samples = speech(seconds);
    let twice = samples.samples().iter().flat_map(|sample| [*sample; 2]);
    Clip::new(twice.collect(), 48_000).unwrap()
}

#[divan::bench(args = ALL)]
fn resample_and_encode_60_s_of_48_khz(bencher: Bencher, encoding: Encoding) {
    let clip = recorded(60);
    bencher.bench(|| black_box(&clip).encoded(encoding));
}

#[divan::bench]
fn deltas_of_a_clip_known_to_all(bencher: Bencher) {
    let clip = speech(30);
    clip.deltas(Encoding::Pcm16, DeltaSizes::default());
    bencher.bench(|| black_box(&clip).deltas(Encoding::Pcm16, DeltaSizes::default()));
}

#[divan::bench]
fn voice_says_60_s(bencher: Bencher) {
    let text = "Tell me more, do.".repeat(60);
    bencher.bench(|| Clip::spoken(black_box(&text[..900]), "ash", 1.0));
}

/// 60 s; 12 ms are 5,000 times real time.
#[divan::bench(args = [24_000, 8_000])]
fn vad_of_60_s(bencher: Bencher, rate: u32) {
    let encoding = if rate == 8_000 {
        Encoding::Mulaw
    } else {
        Encoding::Pcm16
    };
    let samples = encoding.decode(&speech(60).encoded(encoding));
    let window = rate as usize / 1_000 * 32;
    bencher.bench(|| {
        let mut detector = EnergyDetector::default();
        let windows = samples.chunks_exact(window);
        windows
            .map(|window| detector.probability(black_box(window), rate))
            .sum::<f64>()
    });
}

/// Appends of 100 ms to a session that listens: decoding, buffer, turn detection.
#[divan::bench(args = ALL)]
fn append_of_100_ms_of_speech(bencher: Bencher, encoding: Encoding) {
    let format = match encoding {
        Encoding::Pcm16 => r#"{"type":"audio/pcm","rate":24000}"#,
        Encoding::Mulaw => r#"{"type":"audio/pcmu"}"#,
        Encoding::Alaw => r#"{"type":"audio/pcma"}"#,
    };
    let update = format!(
        r#"{{"type":"session.update","session":{{"type":"realtime","audio":{{"input":{{"format":{format},"turn_detection":{{"type":"server_vad","create_response":false}}}}}}}}}}"#
    );
    let mut session = Session::new(SessionOptions::default());
    session.handle(Input::Text(&update), Duration::ZERO);
    // Turns of 3 s with a second between them.
    let turn = [
        &speech(3).encoded(encoding)[..],
        &encoding.silence(Duration::from_secs(1)),
    ]
    .concat();
    let audio = turn.repeat(15);
    let frames: Vec<String> = audio
        .chunks_exact(100 * encoding.bytes_per_ms())
        .map(|audio| ClientEvent::from(InputAudioBufferAppend::new(audio)))
        .map(|event| serde_json::to_string(&event).unwrap())
        .collect();
    let mut frames = frames.iter().cycle();
    bencher
        .counter(BytesCount::new(100 * encoding.bytes_per_ms()))
        .bench_local(|| {
            session.handle(Input::Text(frames.next().unwrap()), Duration::ZERO);
            while let Some(output) = session.poll() {
                black_box(output);
            }
        });
}

fn session_that_plays(clip: &Clip) -> Session {
    let message = PlannedMessage {
        text: "All of it.".to_owned(),
        audio: Some(clip.clone()),
        ..PlannedMessage::default()
    };
    let plan = ResponsePlan::of([PlannedItem::Message(message)]);
    Session::new(SessionOptions {
        generator: Box::new(Scripted::of([plan])),
        ..SessionOptions::default()
    })
}

/// A thousand sessions play the same clip of 30 s; the column of allocations shows that it is
/// encoded once.
#[divan::bench(sample_count = 10)]
fn a_thousand_sessions_play_30_s(bencher: Bencher) {
    bencher
        .with_inputs(|| {
            let clip = speech(30);
            (0..1_000)
                .map(|_| session_that_plays(&clip))
                .collect::<Vec<_>>()
        })
        .bench_values(|mut sessions| {
            for session in &mut sessions {
                session.handle(Input::Text(r#"{"type":"response.create"}"#), Duration::ZERO);
                while let Some(output) = session.poll() {
                    black_box(output);
                }
            }
            sessions
        });
}

#[divan::bench]
fn spoken_response_of_5_s(bencher: Bencher) {
    let text = "Tell me more, do.".repeat(5)[..75].to_owned();
    bencher
        .with_inputs(|| {
            Session::new(SessionOptions {
                generator: Box::new(Scripted::new([text.clone()])),
                ..SessionOptions::default()
            })
        })
        .bench_values(|mut session| {
            session.handle(Input::Text(r#"{"type":"response.create"}"#), Duration::ZERO);
            while let Some(output) = session.poll() {
                black_box(output);
            }
            session
        });
}

/// A buffer of 5 s, compared with 200 recordings of 1 to 4 s; it is one of them, or none.
#[divan::bench(args = [true, false])]
fn find_one_of_200_recordings_in_5_s(bencher: Bencher, known: bool) {
    let words = [
        "book",
        "a table",
        "for two",
        "no",
        "invoice",
        "the light",
        "again",
        "seven",
        "red",
    ];
    let text = |number: usize| -> String {
        let picks =
            (0..2 + number % 5).map(|place| words[(number * 7 + place * place + number / 9) % 9]);
        picks.collect::<Vec<_>>().join(" ") + &number.to_string()
    };
    let clips: Vec<Clip> = (0..200)
        .map(|number| Clip::spoken(&text(number), "ash", 1.0))
        .collect();
    let recordings = Recordings::new(&clips);
    let said = if known {
        clips[77].clone()
    } else {
        Clip::spoken("Something quite different from that", "marin", 1.0)
    };
    let mut heard = Encoding::Pcm16.silence(Duration::from_millis(700));
    heard.extend(said.encoded(Encoding::Pcm16));
    heard.resize(Encoding::Pcm16.bytes_in(Duration::from_secs(5)), 0);
    bencher.bench(|| recordings.find(black_box(&heard), Encoding::Pcm16));
}
