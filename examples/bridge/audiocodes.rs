//! AudioCodes' bot API in its streaming mode, in the first format of the carrier's offer that the
//! bridge can bring the model's audio into.

use std::collections::{BTreeMap, VecDeque};

use mock_realtime::audio::Encoding;
use mock_realtime::protocol::audiocodes::{
    Activity, BotActivities, BotMessage, CarrierMessage, ConnectionValidated, EventActivity,
    MediaFormat, PlayStreamChunk, PlayStreamStart, PlayStreamStop, SessionAccepted, SessionError,
    SpeechStarted, SpeechStopped, UserStreamStarted, UserStreamStopped,
};
use mock_realtime::protocol::realtime::{AudioFormat, PcmFormat, PcmuFormat};
use mock_realtime::protocol::{Base64Audio, decode};
use serde_json::{Map, Value, json};

use super::carrier::{Carrier, FromCaller};
use super::resample::Resampler;

/// The model's rate for linear samples.
const MODEL_RATE: u32 = 24_000;

/// How the line's audio is written.
#[derive(Debug)]
enum Line {
    /// As the model takes it.
    Mulaw,
    /// Linear samples at the line's own rate.
    Linear {
        rate: u32,
        to_model: Resampler,
        to_line: Resampler,
    },
}

impl Line {
    fn of(format: &MediaFormat) -> Option<Self> {
        let rate = match format {
            MediaFormat::RawMulaw => return Some(Self::Mulaw),
            MediaFormat::RawLpcm16 => 16_000,
            MediaFormat::RawLpcm168 => 8_000,
            MediaFormat::RawLpcm1624 => 24_000,
            // Those with a header need it in every chunk, or only in the first: nobody says which.
            _ => return None,
        };
        Some(Self::Linear {
            rate,
            to_model: Resampler::new(rate, MODEL_RATE),
            to_line: Resampler::new(MODEL_RATE, rate),
        })
    }

    fn for_model(&mut self, audio: &[u8]) -> Vec<u8> {
        match self {
            Self::Mulaw => audio.to_vec(),
            Self::Linear { to_model, .. } => resampled(to_model, audio),
        }
    }

    fn for_line(&mut self, audio: &[u8]) -> Vec<u8> {
        match self {
            Self::Mulaw => audio.to_vec(),
            Self::Linear { to_line, .. } => resampled(to_line, audio),
        }
    }
}

fn resampled(resampler: &mut Resampler, audio: &[u8]) -> Vec<u8> {
    let samples = Encoding::Pcm16.decode(audio);
    Encoding::Pcm16.encode(&resampler.resample(&samples))
}

#[derive(Debug)]
pub struct AudioCodes {
    conversation: Option<String>,
    format: MediaFormat,
    line: Line,
    /// How many play streams there were; the last is open while `playing` says so.
    streams: u64,
    playing: Option<String>,
    frames: VecDeque<String>,
}

impl Default for AudioCodes {
    fn default() -> Self {
        Self {
            conversation: None,
            format: MediaFormat::RawMulaw,
            line: Line::Mulaw,
            streams: 0,
            playing: None,
            frames: VecDeque::new(),
        }
    }
}

impl AudioCodes {
    fn send(&mut self, message: impl Into<BotMessage>) {
        let message: BotMessage = message.into();
        self.frames.extend(serde_json::to_string(&message).ok());
    }

    fn accept(&mut self, offer: &[MediaFormat]) -> Option<FromCaller> {
        let line = |format: &MediaFormat| Some((format.clone(), Line::of(format)?));
        let Some((format, line)) = offer.iter().find_map(line) else {
            self.refuse("none of these media formats is known");
            return Some(FromCaller::HungUp);
        };
        self.format = format;
        self.line = line;
        self.say_accepted();
        None
    }

    fn say_accepted(&mut self) {
        self.send(SessionAccepted {
            media_format: Some(self.format.clone()),
            ..SessionAccepted::default()
        });
    }

    fn heed(&mut self, activity: Activity) -> Vec<FromCaller> {
        let Activity::Event(event) = activity else {
            return Vec::new();
        };
        match event.name.to_ascii_lowercase().as_str() {
            "start" => {
                self.configure();
                let parameters = event.parameters.unwrap_or_default();
                vec![FromCaller::Began(texts(parameters))]
            }
            "dtmf" => {
                let keys = event.value.as_ref().and_then(Value::as_str);
                let keys = keys.unwrap_or_default().chars();
                keys.map(FromCaller::Pressed).collect()
            }
            "hangup" => vec![FromCaller::HungUp],
            _ => Vec::new(),
        }
    }

    /// Without this the carrier is deaf while the bot speaks, and keeps pressed keys to itself.
    fn configure(&mut self) {
        let mut config = EventActivity::new("config");
        config.session_params = json!({"bargeIn": true, "sendDTMF": true})
            .as_object()
            .cloned();
        self.send(BotActivities::new(vec![config.into()]));
    }

    /// The open stream, which is opened where there is none: one at a time is allowed.
    fn stream(&mut self) -> String {
        if let Some(stream) = &self.playing {
            return stream.clone();
        }
        self.streams += 1;
        let stream = self.streams.to_string();
        let mut start = PlayStreamStart::new(stream.clone());
        start.media_format = Some(self.format.clone());
        self.send(start);
        self.playing.insert(stream).clone()
    }

    fn close_stream(&mut self) {
        if let Some(stream) = self.playing.take() {
            self.send(PlayStreamStop::new(stream));
        }
    }
}

/// The parameters that are strings: numbers, names and headers of SIP.
fn texts(parameters: Map<String, Value>) -> BTreeMap<String, String> {
    let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    parameters.into_iter().filter_map(text).collect()
}

impl Carrier for AudioCodes {
    fn model_format(&self) -> AudioFormat {
        match self.line {
            Line::Mulaw => AudioFormat::Pcmu(PcmuFormat {}),
            Line::Linear { .. } => AudioFormat::Pcm(PcmFormat {
                rate: Some(MODEL_RATE.into()),
            }),
        }
    }

    fn read(&mut self, frame: &str) -> Vec<FromCaller> {
        let heard = match decode::<CarrierMessage>(frame) {
            Ok(CarrierMessage::SessionInitiate(message)) => {
                self.conversation = Some(message.conversation_id.to_string());
                self.accept(&message.supported_media_formats)
            }
            Ok(CarrierMessage::SessionResume(message)) => {
                Some(FromCaller::Returned(message.conversation_id.to_string()))
            }
            Ok(CarrierMessage::ConnectionValidate(_)) => {
                self.send(ConnectionValidated::new(true));
                None
            }
            Ok(CarrierMessage::UserStreamStart(_)) => {
                self.send(UserStreamStarted::default());
                None
            }
            Ok(CarrierMessage::UserStreamStop(_)) => {
                self.send(UserStreamStopped::default());
                Some(FromCaller::FellSilent)
            }
            Ok(CarrierMessage::UserStreamChunk(message)) => Some(FromCaller::Said(
                self.line.for_model(&message.audio_chunk.into_bytes()),
            )),
            Ok(CarrierMessage::Activities(message)) => {
                let activities = message.activities.into_iter();
                return activities.flat_map(|one| self.heed(one)).collect();
            }
            Ok(CarrierMessage::SessionEnd(_)) => Some(FromCaller::HungUp),
            // It may be newer than the bridge.
            Ok(_) | Err(_) => None,
        };
        heard.into_iter().collect()
    }

    fn play(&mut self, _: &str, audio: &[u8]) {
        let stream = self.stream();
        let audio = self.line.for_line(audio);
        self.send(PlayStreamChunk::new(stream, Base64Audio::from(audio)));
    }

    fn finish(&mut self, _: &str) {
        self.close_stream();
    }

    /// There is no message that clears: that the user speaks is what stops the playback.
    fn interrupt(&mut self) {
        self.send(SpeechStarted::default());
        self.send(SpeechStopped::default());
        self.close_stream();
    }

    fn hang_up(&mut self) {
        self.close_stream();
        self.send(BotActivities::new(vec![
            EventActivity::new("hangup").into(),
        ]));
    }

    fn conversation(&self) -> Option<&str> {
        self.conversation.as_deref()
    }

    fn taken_up(&mut self) {
        self.playing = None;
        self.frames.clear();
        self.say_accepted();
    }

    fn refuse(&mut self, why: &str) {
        self.send(SessionError {
            reason: Some(why.to_owned()),
            ..SessionError::default()
        });
    }

    fn next_frame(&mut self) -> Option<String> {
        self.frames.pop_front()
    }
}
