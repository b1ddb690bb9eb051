//! Reading and writing events: `cargo bench --bench protocol`.
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use mock_realtime::protocol::realtime::{
    ClientEvent, InputAudioBufferAppend, ResponseOutputAudioDelta, ResponseOutputTextDelta,
    ServerEvent,
};
use mock_realtime::protocol::{Base64Audio, decode, encode};

/// 100 ms of audio: 4,800 bytes, 6,400 characters.
const APPEND: usize = 4800;

/// 250 ms of audio, as the server sends it.
const DELTA: usize = 12_000;

fn main() {
    divan::main();
}

fn noise(length: usize) -> Vec<u8> {
    (0..=250u8).cycle().take(length).collect()
}

fn append() -> String {
    let event = ClientEvent::from(InputAudioBufferAppend::new(Base64Audio::from(noise(
        APPEND,
    ))));
    serde_json::to_string(&event).unwrap()
}

#[divan::bench]
fn decode_append_of_100_ms(bencher: Bencher) {
    let text = append();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| decode::<ClientEvent>(black_box(&text)).unwrap());
}

#[divan::bench]
fn decode_append_with_the_type_last(bencher: Bencher) {
    let text = append();
    let (head, audio) = text.split_once(',').unwrap();
    let text = format!(
        "{{{},{}}}",
        audio.trim_end_matches('}'),
        head.trim_start_matches('{')
    );
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| decode::<ClientEvent>(black_box(&text)).unwrap());
}

#[divan::bench(args = [
    r#"{"type":"input_audio_buffer.commit"}"#,
    r#"{"type":"response.cancel","event_id":"event_1","response_id":"resp_F6WW0cgwyoS4IeR5fhxfB"}"#,
    r#"{"type":"response.create"}"#,
    r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hello there"}]}}"#,
    r#"{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],"audio":{"input":{"turn_detection":{"type":"server_vad","threshold":0.6}}}}}"#,
])]
fn decode_small_event(bencher: Bencher, text: &str) {
    bencher
        .counter(ItemsCount::new(1u32))
        .bench(|| decode::<ClientEvent>(black_box(text)).unwrap());
}

#[divan::bench]
fn decode_unknown_field(bencher: Bencher) {
    let text = r#"{"type":"response.cancel","respons_id":"resp_F6WW0cgwyoS4IeR5fhxfB"}"#;
    bencher.bench(|| decode::<ClientEvent>(black_box(text)).unwrap_err());
}

fn text_delta() -> ServerEvent {
    ServerEvent::from(ResponseOutputTextDelta {
        event_id: "event_F6WW0aMmkaniXdzER8hU3".into(),
        response_id: "resp_F6WW0cgwyoS4IeR5fhxfB".into(),
        item_id: "item_F6WW0MFI5DSgK8lv32lAB".into(),
        output_index: 0,
        content_index: 0,
        delta: " Hello".into(),
        obfuscation: Some("dISldPSY6z".into()),
    })
}

fn audio_delta(audio: Base64Audio) -> ServerEvent {
    ServerEvent::from(ResponseOutputAudioDelta::new(
        "event_F6WW0aMmkaniXdzER8hU3",
        "resp_F6WW0cgwyoS4IeR5fhxfB",
        "item_F6WW0MFI5DSgK8lv32lAB",
        0,
        0,
        audio,
    ))
}

/// Writes into memory that is used again.
fn measure_encoding(event: &ServerEvent) -> impl FnMut() {
    let mut text = String::new();
    move || {
        text.clear();
        encode(black_box(event), &mut text).unwrap();
        black_box(&text);
    }
}

#[divan::bench]
fn encode_text_delta(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(1u32))
        .bench_local(measure_encoding(&text_delta()));
}

#[divan::bench]
fn encode_audio_delta_of_250_ms(bencher: Bencher) {
    let event = audio_delta(Base64Audio::from(noise(DELTA)));
    bencher
        .counter(BytesCount::new(DELTA))
        .bench_local(measure_encoding(&event));
}

#[divan::bench]
fn encode_shared_audio_delta_of_250_ms(bencher: Bencher) {
    let event = audio_delta(Base64Audio::preencoded(noise(DELTA)));
    bencher
        .counter(BytesCount::new(DELTA))
        .bench_local(measure_encoding(&event));
}
