//! WebRTC and SIP calls, frame by frame: audio and keys travel beside the events.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::transcript;
use mock_realtime::engine::{Pacing, SessionOptions, Transport};
use mock_realtime::generators::Scripted;

fn call(transport: Transport) -> SessionOptions {
    SessionOptions {
        transport,
        pacing: Pacing {
            first: Duration::from_millis(100),
            text: Duration::from_millis(10),
            audio: Duration::from_millis(50),
        },
        generator: Box::new(Scripted::new(["Hello, Marcelo!", "Are you there?"])),
        ..SessionOptions::default()
    }
}

#[test]
fn the_server_says_when_it_plays() {
    transcript::check("webrtc_audio_turn", call(Transport::WebRtc));
}

#[test]
fn a_second_answer_waits_for_the_end_of_the_first() {
    let options = SessionOptions {
        pacing: Pacing::INSTANT,
        ..call(Transport::WebRtc)
    };
    transcript::check("webrtc_two_answers_play_one_after_the_other", options);
}

#[test]
fn a_turn_of_the_user_clears_what_plays() {
    transcript::check("webrtc_barge_in", call(Transport::WebRtc));
}

#[test]
fn the_client_may_clear_what_plays() {
    transcript::check("webrtc_output_audio_buffer_clear", call(Transport::WebRtc));
}

#[test]
fn a_sideband_socket_follows_a_call() {
    transcript::check("sip_call_on_a_sideband", call(Transport::Sip));
}
