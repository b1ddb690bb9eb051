//! The record of a call that was held.

use std::collections::HashMap;
use std::time::Duration;

use super::{Arrival, CallRecord, Carrier, Derived, ModelRecord};
use crate::protocol::audiocodes::BotMessage;
use crate::protocol::decode;
use crate::protocol::twilio::BridgeMessage;
use crate::telephony::{CallFrame, CallJournal, CallResult, LineFormat, Sender};

impl CallRecord {
    /// The record of a call with this result, with what came with the call for the model.
    pub fn of(
        carrier: Carrier,
        result: &CallResult,
        parameters: Vec<(String, String)>,
        model: Option<ModelRecord>,
    ) -> Self {
        Self {
            carrier,
            notes: result.notes.clone(),
            heard: result.heard.clone(),
            came: arrivals(carrier, &result.journal),
            parameters,
            model,
            derived: Derived::default(),
        }
    }
}

/// The bridge's audio, as it came.
fn arrivals(carrier: Carrier, journal: &CallJournal) -> Vec<Arrival> {
    let mut streams = Streams::default();
    let texts = journal
        .entries()
        .iter()
        .filter_map(|entry| match &entry.frame {
            CallFrame::Text(text) if entry.by == Sender::Bridge => Some((entry.at, text)),
            _ => None,
        });
    texts
        .filter_map(|(at, text)| {
            let length = match carrier {
                Carrier::Twilio => of_twilio(text),
                Carrier::AudioCodes => streams.of_audiocodes(text),
            }?;
            Some(Arrival { at, length })
        })
        .collect()
}

fn of_twilio(text: &str) -> Option<Duration> {
    match decode::<BridgeMessage>(text).ok()? {
        BridgeMessage::Media(media) => Some(length(&media.media.payload, LineFormat::MULAW)),
        _ => None,
    }
}

/// What is known of the formats of play streams.
#[derive(Default)]
struct Streams {
    /// The one that was accepted, for streams that name none.
    accepted: Option<LineFormat>,
    named: HashMap<String, LineFormat>,
}

impl Streams {
    fn of_audiocodes(&mut self, text: &str) -> Option<Duration> {
        match decode::<BotMessage>(text).ok()? {
            BotMessage::SessionAccepted(accepted) => {
                let format = accepted.media_format.as_ref();
                self.accepted = format.and_then(LineFormat::of_media).or(self.accepted);
                None
            }
            BotMessage::PlayStreamStart(start) => {
                let named = start.media_format.as_ref().and_then(LineFormat::of_media);
                let format = named.or(self.accepted)?;
                self.named.insert(start.stream_id, format);
                None
            }
            BotMessage::PlayStreamChunk(chunk) => {
                let format = self.named.get(&chunk.stream_id)?;
                Some(length(&chunk.audio_chunk, *format))
            }
            _ => None,
        }
    }
}

fn length(audio: impl AsRef<[u8]>, format: LineFormat) -> Duration {
    let samples = audio.as_ref().len() / format.sample_size();
    let nanos = samples as u64 * 1_000_000_000 / u64::from(format.sample_rate());
    Duration::from_nanos(nanos)
}
