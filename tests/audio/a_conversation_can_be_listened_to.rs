//! What a session heard and said is saved as it sounded, cut where the caller interrupted.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::Session;
use crate::support::sound::level;
use mock_realtime::audio::{AudioRecorder, Clip, Encoding};
use mock_realtime::engine::{Input, Output, Pacing, SessionOptions};
use mock_realtime::generators::{PlannedItem, PlannedMessage, ResponsePlan, Scripted};
use mock_realtime::protocol::ItemId;
use mock_realtime::protocol::realtime::{
    ClientEvent, ConversationItemTruncate, InputAudioBufferAppend, ServerEvent,
};

/// A client that plays what it gets, and truncates it when the caller interrupts.
struct Client {
    session: Session,
    recorder: AudioRecorder,
    now: Duration,
    /// What is being played, and since when.
    playing: Option<(ItemId, Duration)>,
    interrupted_at: Option<Duration>,
}

impl Client {
    fn send(&mut self, event: ClientEvent) {
        self.recorder.client_sent(&event, self.now);
        self.session.handle(Input::Event(event), self.now);
        self.receive();
    }

    fn receive(&mut self) {
        let mut interrupted = false;
        while let Some(output) = self.session.poll() {
            let Output::Event(event) = output else {
                continue;
            };
            self.recorder.server_sent(&event, self.now);
            match event {
                ServerEvent::ResponseOutputAudioDelta(delta) => {
                    self.playing.get_or_insert((delta.item_id, self.now));
                }
                ServerEvent::InputAudioBufferSpeechStarted(_) => interrupted = true,
                _ => {}
            }
        }
        if interrupted && let Some((item, since)) = self.playing.take() {
            let heard = u64::try_from(self.now.saturating_sub(since).as_millis()).unwrap();
            self.interrupted_at = Some(self.now);
            self.send(ConversationItemTruncate::new(item, 0_u64, heard).into());
        }
    }

    /// The caller's microphone, 20 ms at a time.
    fn speak(&mut self, sound: &Clip) {
        let audio = sound.encoded(Encoding::Pcm16);
        for packet in audio.chunks(20 * Encoding::Pcm16.bytes_per_ms()) {
            self.now += Encoding::Pcm16.duration(packet.len());
            while let Some(at) = self.session.deadline().filter(|at| *at < self.now) {
                let now = std::mem::replace(&mut self.now, at);
                self.session.handle(Input::Time, at);
                self.receive();
                self.now = now;
            }
            self.send(InputAudioBufferAppend::new(packet).into());
        }
    }
}

/// The level of so many milliseconds of a clip from there on.
fn level_at(clip: &Clip, from: Duration, ms: u64) -> f64 {
    let sample = |time: Duration| Encoding::Pcm16.samples(Encoding::Pcm16.bytes_in(time));
    level(&clip.samples()[sample(from)..sample(from + Duration::from_millis(ms))])
}

/// A conversation in which the caller interrupts the model's tone.
fn barge_in() -> Client {
    let answer = PlannedMessage {
        text: "I could tell you about this for a very long time.".to_owned(),
        audio: Some(Clip::tone(500.0, Duration::from_secs(6))),
        ..PlannedMessage::default()
    };
    let plans = [
        ResponsePlan::of([PlannedItem::Message(answer)]),
        ResponsePlan::message("Yes?"),
    ];
    let mut client = Client {
        session: Session::new(SessionOptions {
            generator: Box::new(Scripted::of(plans)),
            pacing: Pacing::REALISTIC,
            ..SessionOptions::default()
        }),
        recorder: AudioRecorder::default(),
        now: Duration::ZERO,
        playing: None,
        interrupted_at: None,
    };
    client.receive();
    let question = Clip::spoken("Tell me all about it.", "ash", 1.0);
    let quiet = Clip::silence(Duration::from_secs(2));
    client.speak(&question);
    client.speak(&quiet);
    client.speak(&Clip::spoken("Stop.", "ash", 1.0));
    client.speak(&quiet);
    client
}

#[test]
fn a_stereo_file_shows_the_cut_where_the_events_say_it_is() {
    let client = barge_in();
    let cut = client.interrupted_at.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("conversation.wav");
    client.recorder.save_stereo(&file).unwrap();
    let mut reader = hound::WavReader::open(&file).unwrap();
    assert_eq!(
        (reader.spec().channels, reader.spec().sample_rate),
        (2, 24_000)
    );
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    let track = |number| {
        let samples = samples.iter().skip(number).step_by(2).copied();
        Clip::new(samples.collect(), 24_000).unwrap()
    };
    let (left, right) = (track(0), track(1));

    // The caller from the beginning, and again at the interruption.
    assert!(level_at(&left, Duration::from_millis(100), 500) > 500.0);
    assert!(level_at(&left, cut, 100) > 500.0);
    // The model's tone until the interruption, to 2 ms, and nothing after it until it answers.
    assert!(level_at(&right, cut.saturating_sub(Duration::from_millis(12)), 10) > 10_000.0);
    assert!(level_at(&right, cut + Duration::from_millis(2), 100) < 1.0);
    // Its answer.
    let after = level_at(&right, cut + Duration::from_millis(400), 1_200);
    assert!(after > 500.0, "{after}");
    assert!(level_at(&right, Duration::ZERO, 1_000) < 1.0);
}

/// The picture of the documentation; `UPDATE_TRANSCRIPTS=1` draws it anew.
#[test]
fn a_picture_shows_it_too() {
    let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/barge-in.svg");
    let folder = tempfile::tempdir().unwrap();
    let file = if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        documented.clone()
    } else {
        folder.path().join("barge-in.svg")
    };
    barge_in().recorder.save_picture(&file).unwrap();
    let picture = fs::read_to_string(&file).unwrap();
    assert!(
        picture == fs::read_to_string(documented).unwrap(),
        "docs/barge-in.svg is not what the conversation looks like: UPDATE_TRANSCRIPTS=1 draws it anew"
    );
    for event in [
        "input_audio_buffer.speech_started",
        "conversation.item.truncated",
    ] {
        assert!(picture.contains(event), "{event}");
    }
}

#[test]
fn one_side_alone_is_what_was_sent() {
    let mut recorder = AudioRecorder::default();
    let sound = Clip::spoken("One, two, three.", "ash", 1.0);
    for packet in sound.encoded(Encoding::Pcm16).chunks(999) {
        let event = ClientEvent::from(InputAudioBufferAppend::new(packet));
        recorder.client_sent(&event, Duration::ZERO);
    }
    assert_eq!(recorder.heard(), sound);
    assert!(recorder.said().samples().is_empty());
}
