//! Twilio Media Streams: G.711 μ-law at 8,000 samples a second, both ways.

use std::collections::VecDeque;

use mock_realtime::protocol::realtime::{AudioFormat, PcmuFormat};
use mock_realtime::protocol::twilio::{
    BridgeClear, BridgeMark, BridgeMedia, BridgeMessage, CarrierMessage, MarkRequest, OutboundAudio,
};
use mock_realtime::protocol::{Base64Audio, decode};

use super::carrier::{Carrier, FromCaller};

#[derive(Debug, Default)]
pub struct Twilio {
    stream_sid: String,
    frames: VecDeque<String>,
}

impl Twilio {
    fn send(&mut self, message: impl Into<BridgeMessage>) {
        let message: BridgeMessage = message.into();
        // Such a message has only strings for keys and values.
        self.frames.extend(serde_json::to_string(&message).ok());
    }
}

impl Carrier for Twilio {
    fn model_format(&self) -> AudioFormat {
        AudioFormat::Pcmu(PcmuFormat {})
    }

    fn read(&mut self, frame: &str) -> Vec<FromCaller> {
        let heard = match decode::<CarrierMessage>(frame) {
            Ok(CarrierMessage::Start(message)) => {
                self.stream_sid = message.stream_sid;
                let parameters = message.start.custom_parameters;
                Some(FromCaller::Began(parameters.unwrap_or_default()))
            }
            Ok(CarrierMessage::Media(message)) => {
                Some(FromCaller::Said(message.media.payload.into_bytes().into()))
            }
            Ok(CarrierMessage::Dtmf(message)) => {
                message.dtmf.digit.chars().next().map(FromCaller::Pressed)
            }
            Ok(CarrierMessage::Mark(message)) => Some(FromCaller::Played(message.mark.name)),
            Ok(CarrierMessage::Stop(_)) => Some(FromCaller::HungUp),
            Ok(_) | Err(_) => None,
        };
        heard.into_iter().collect()
    }

    /// Twilio takes audio of any length, and padding would only be heard.
    fn play(&mut self, _: &str, audio: &[u8]) {
        let media = OutboundAudio::new(Base64Audio::from(audio));
        self.send(BridgeMedia::new(self.stream_sid.clone(), media));
    }

    fn finish(&mut self, item: &str) {
        let mark = MarkRequest::new(item);
        self.send(BridgeMark::new(self.stream_sid.clone(), mark));
    }

    fn interrupt(&mut self) {
        self.send(BridgeClear::new(self.stream_sid.clone()));
    }

    /// Twilio ends the call when the bridge closes the socket, with the usual TwiML.
    fn hang_up(&mut self) {}

    fn next_frame(&mut self) -> Option<String> {
        self.frames.pop_front()
    }
}
