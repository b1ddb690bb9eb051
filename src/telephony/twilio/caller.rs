//! A call over Twilio Media Streams.

use std::collections::VecDeque;
use std::time::Duration;

use super::code::Code;
use super::options::TwilioOptions;
use super::signature::{HEADER, signature};
use crate::protocol::twilio::{
    BridgeMark, BridgeMedia, BridgeMessage, CarrierConnected, CarrierDtmf, CarrierMark,
    CarrierMedia, CarrierMessage, CarrierStart, CarrierStop, InboundAudio, KeyPress, MarkEcho,
    MediaFormat, StreamStart, StreamStop, Track as Side,
};
use crate::protocol::{Base64Audio, decode, encode};
use crate::telephony::caller::{
    Action, Caller, Ending, Happening, Input, Notes, Output, Party, is_key,
};
use crate::telephony::finding::{FindingKind, fault, faults_of_audio};
use crate::telephony::format::{LineFormat, duration_of};
use crate::telephony::ids::Ids;
use crate::telephony::mouth::Mouth;
use crate::telephony::playback::{Playback, QueueFull};
use crate::telephony::record::Carrier;
use crate::telephony::track::Track;

/// How long a slice of audio is.
const SLICE: Duration = Duration::from_millis(20);
/// Its samples, each a byte.
const SAMPLES: usize = 160;
/// The text of a slice is no longer: one more of them is not copied about.
const TEXT: usize = 512;
/// μ-law at the only rate there is.
const LINE: LineFormat = LineFormat::MULAW;
/// The close code after `stop`: *inferred*, nobody has published it.
const NORMAL_CLOSURE: u16 = 1000;

/// A person on the telephone, with Twilio between them and the bridge.
///
/// ```
/// use std::time::Duration;
/// use mock_realtime::telephony::twilio::{TwilioCaller, TwilioOptions};
/// use mock_realtime::telephony::{Caller, Input, Output};
///
/// let mut caller = TwilioCaller::new(TwilioOptions::default());
/// caller.handle(Input::Opened, Duration::ZERO);
/// caller.handle(Input::Time, Duration::from_secs(1));
/// let Some(Output::Text(first)) = caller.poll() else { panic!("Twilio begins") };
/// assert_eq!(first, r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#);
/// ```
#[derive(Debug)]
pub struct TwilioCaller {
    options: TwilioOptions,
    stream_sid: String,
    account_sid: String,
    call_sid: String,
    phase: Phase,
    /// Of all messages after `connected`.
    sequence: u64,
    mouth: Mouth,
    keys: VecDeque<(Duration, char)>,
    /// Until then nothing of the caller's audio gets through.
    gap_until: Duration,
    playback: Playback<String>,
    silence: Base64Audio,
    outputs: VecDeque<Output>,
    notes: Notes,
}

/// How far the call has come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// There is no connection yet.
    Idle,
    /// The stream starts then.
    Connected {
        start_at: Duration,
    },
    Streaming(Stream),
    Ended,
}

/// Where the caller's audio is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stream {
    started: Duration,
    /// When the next slice is due.
    next_slice: Duration,
    /// So many were sent.
    chunks: u64,
}

/// What is due next.
enum Due {
    Start,
    Mark,
    Key,
    Slice,
}

impl TwilioCaller {
    /// A caller who has not dialled yet.
    pub fn new(options: TwilioOptions) -> Self {
        let mut ids = Ids::new(options.seed);
        let [account, call, stream] = ["AC", "CA", "MZ"].map(|letters| ids.sid(letters));
        Self {
            stream_sid: stream,
            account_sid: options.account_sid.clone().unwrap_or(account),
            call_sid: options.call_sid.clone().unwrap_or(call),
            phase: Phase::Idle,
            sequence: 0,
            mouth: Mouth::new(LINE.sample_rate()),
            keys: VecDeque::new(),
            gap_until: Duration::ZERO,
            playback: Playback::new(options.queue_limit),
            silence: Base64Audio::preencoded(LINE.encode(&[0; SAMPLES])),
            outputs: VecDeque::new(),
            notes: Notes::default(),
            options,
        }
    }

    /// The stream's id: `MZ` and 32 hexadecimal digits.
    pub fn stream_sid(&self) -> &str {
        &self.stream_sid
    }

    /// The call's id: `CA` and 32 hexadecimal digits.
    pub fn call_sid(&self) -> &str {
        &self.call_sid
    }

    /// The account's id: `AC` and 32 hexadecimal digits.
    pub fn account_sid(&self) -> &str {
        &self.account_sid
    }

    /// The queue of what the bridge sent.
    pub fn playback(&self) -> &Playback<String> {
        &self.playback
    }

    /// Does what is due by now, each at its own time and in order.
    fn advance(&mut self, now: Duration) {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= now) {
            match due {
                Due::Start => self.start(at),
                Due::Mark => {
                    if let Some((at, name)) = self.playback.take_mark(at) {
                        self.send_mark(name, true, at);
                    }
                }
                Due::Key => {
                    if let Some((at, key)) = self.keys.pop_front() {
                        self.send_key(key, at);
                    }
                }
                Due::Slice => self.send_slice(at),
            }
        }
    }

    fn next_due(&self) -> Option<(Duration, Due)> {
        let stream = match self.phase {
            Phase::Idle | Phase::Ended => return None,
            Phase::Connected { start_at } => return Some((start_at, Due::Start)),
            Phase::Streaming(stream) => stream,
        };
        let mark = self.playback.next_mark().map(|at| (at, Due::Mark));
        let key = self.keys.front().map(|(at, _)| (*at, Due::Key));
        let slice = Some((stream.next_slice, Due::Slice));
        let all = [mark, key, slice].into_iter().flatten();
        all.min_by_key(|(at, _)| *at)
    }

    fn start(&mut self, at: Duration) {
        self.send(CarrierConnected::new("Call", "1.0.0"));
        let format = MediaFormat::new("audio/x-mulaw", LINE.sample_rate(), 1_u64);
        let mut start = StreamStart::new(
            self.account_sid.as_str(),
            self.stream_sid.as_str(),
            self.call_sid.as_str(),
            vec![Side::Inbound],
            format,
        );
        start.custom_parameters = Some(self.options.parameters.clone());
        let sequence = self.next_sequence();
        self.send(CarrierStart::new(sequence, start, self.stream_sid.as_str()));
        self.phase = Phase::Streaming(Stream {
            started: at,
            next_slice: at + self.options.first_slice,
            chunks: 0,
        });
        self.notes.happened(at, Happening::Began);
    }

    fn send_slice(&mut self, at: Duration) {
        let spoken = self.mouth.take(SAMPLES);
        let lost = at < self.gap_until;
        let Phase::Streaming(stream) = &mut self.phase else {
            return;
        };
        stream.next_slice += SLICE;
        if let Some(samples) = &spoken {
            self.notes.said.push(at, samples, LINE.sample_rate());
        }
        if lost {
            self.notes.withheld += spoken.map_or(Duration::ZERO, |_| SLICE);
            return;
        }
        stream.chunks += 1;
        let timestamp = at.saturating_sub(stream.started).as_millis().to_string();
        let chunk = stream.chunks.to_string();
        let payload = match spoken {
            Some(samples) => Base64Audio::from(LINE.encode(&samples)),
            None => self.silence.clone(),
        };
        let audio = InboundAudio::new(Side::Inbound, chunk, timestamp, payload);
        let sequence = self.next_sequence();
        self.send(CarrierMedia::new(sequence, audio, self.stream_sid.as_str()));
    }

    fn send_mark(&mut self, name: String, heard: bool, at: Duration) {
        let sequence = self.next_sequence();
        let echo = MarkEcho::new(name.as_str());
        self.send(CarrierMark::new(sequence, self.stream_sid.as_str(), echo));
        self.notes.happened(at, Happening::MarkBack { name, heard });
    }

    fn send_key(&mut self, key: char, at: Duration) {
        let press = KeyPress::new("inbound_track", key.to_string());
        let sequence = self.next_sequence();
        self.send(CarrierDtmf::new(self.stream_sid.as_str(), sequence, press));
        self.notes.happened(at, Happening::Pressed(key.to_string()));
    }

    fn next_sequence(&mut self) -> String {
        self.sequence += 1;
        self.sequence.to_string()
    }

    fn send(&mut self, message: impl Into<CarrierMessage>) {
        let mut text = String::with_capacity(TEXT);
        match encode(&message.into(), &mut text) {
            Ok(()) => self.outputs.push_back(Output::Text(text)),
            Err(error) => tracing::error!(%error, "a message could not be written"),
        }
    }

    fn take_text(&mut self, text: &str, now: Duration) {
        match self.phase {
            Phase::Idle => {}
            Phase::Connected { .. } => {
                let what = "a message before `start`".to_owned();
                self.found(FindingKind::TooEarly, what, now);
            }
            Phase::Ended => self.notes.found_after_end(now),
            Phase::Streaming(_) => match decode::<BridgeMessage>(text) {
                Ok(message) => self.take(message, now),
                Err(error) => self.found((&error).into(), fault(&error), now),
            },
        }
    }

    fn take(&mut self, message: BridgeMessage, now: Duration) {
        let stream = match &message {
            BridgeMessage::Media(message) => &message.stream_sid,
            BridgeMessage::Mark(message) => &message.stream_sid,
            BridgeMessage::Clear(message) => &message.stream_sid,
        };
        if *stream != self.stream_sid {
            let what = format!(
                "streamSid: expected {:?}, found {stream:?}",
                self.stream_sid
            );
            return self.found(FindingKind::WrongStream, what, now);
        }
        match message {
            BridgeMessage::Media(message) => self.take_media(&message, now),
            BridgeMessage::Mark(message) => self.take_mark(message, now),
            BridgeMessage::Clear(_) => self.clear(now),
        }
    }

    fn take_media(&mut self, message: &BridgeMedia, now: Duration) {
        let bytes = message.media.payload.as_ref();
        for (kind, detail) in faults_of_audio(bytes, LINE) {
            self.found(kind, detail, now);
        }
        if self.phase == Phase::Ended {
            return;
        }
        let samples = LINE.decode(bytes);
        let length = duration_of(samples.len(), LINE.sample_rate());
        if !samples.is_empty() {
            self.notes.came.push((now, length));
        }
        if let Err(QueueFull) = self.playback.queue(&samples, LINE.sample_rate(), now) {
            let what = format!("more than {:?} are queued", self.options.queue_limit);
            self.found(FindingKind::QueueFull, what, now);
        }
    }

    fn take_mark(&mut self, message: BridgeMark, now: Duration) {
        let name = message.mark.name;
        self.notes.happened(now, Happening::MarkSet(name.clone()));
        self.playback.mark(name, now);
        // With nothing queued it comes back at once.
        self.advance(now);
    }

    fn clear(&mut self, now: Duration) {
        let (dropped, marks) = self.playback.clear(now);
        self.notes.happened(now, Happening::Cleared { dropped });
        for name in marks {
            self.send_mark(name, false, now);
        }
    }

    fn found(&mut self, kind: FindingKind, detail: String, now: Duration) {
        let code = Code::of(kind);
        let number = code.map(Code::number);
        if self.options.strict && self.phase != Phase::Ended {
            self.notes.found(now, kind, detail.clone(), number);
            self.hang_up(Party::Carrier, format!("{kind}: {detail}"), number, now);
        } else {
            self.notes.found(now, kind, detail, number);
        }
    }

    /// Ends the call from this side.
    fn hang_up(&mut self, by: Party, reason: String, code: Option<u16>, now: Duration) {
        if let Phase::Streaming(_) = self.phase {
            let stop = StreamStop::new(self.account_sid.as_str(), self.call_sid.as_str());
            let sequence = self.next_sequence();
            self.send(CarrierStop::new(sequence, self.stream_sid.as_str(), stop));
        }
        if !matches!(self.phase, Phase::Idle | Phase::Ended) {
            self.outputs.push_back(Output::Close {
                code: NORMAL_CLOSURE,
                reason: String::new(),
            });
        }
        self.end(by, reason, code, now);
    }

    fn end(&mut self, by: Party, reason: String, code: Option<u16>, now: Duration) {
        if self.phase == Phase::Ended {
            return;
        }
        self.phase = Phase::Ended;
        self.playback.clear(now);
        self.notes.ended = Some(Ending {
            at: now,
            by,
            reason,
            code,
        });
    }
}

impl Caller for TwilioCaller {
    fn carrier(&self) -> Carrier {
        Carrier::Twilio
    }

    fn headers(&self, url: &str) -> Vec<(&'static str, String)> {
        let token = self.options.auth_token.iter();
        let signed = token.map(|token| (HEADER, signature(token, url, [])));
        signed.collect()
    }

    fn handle(&mut self, input: Input<'_>, now: Duration) {
        self.advance(now);
        match input {
            Input::Opened if self.phase == Phase::Idle => {
                self.notes.happened(now, Happening::Opened);
                let start_at = now + self.options.start_after;
                self.phase = Phase::Connected { start_at };
                self.advance(now);
            }
            Input::Time | Input::Opened => {}
            Input::Text(text) => self.take_text(text, now),
            Input::Binary(length) => {
                let what = format!("{length} bytes");
                self.found(FindingKind::BinaryFrame, what, now);
            }
            Input::TurnedAway { status, reason } => {
                self.notes.happened(now, Happening::TurnedAway(status));
                let reported = Some(Code::NoUpgrade.number());
                self.end(Party::Bridge, reason.to_owned(), reported, now);
            }
            Input::Closed { code, reason } => {
                self.notes.happened(now, Happening::Closed(code));
                let code = code.map_or("without a code".to_owned(), |code| code.to_string());
                let why = format!("closed the connection ({code} {reason})");
                let reported = Some(Code::ClosedByBridge.number());
                self.end(Party::Bridge, why.replace(" )", ")"), reported, now);
            }
            Input::Violated(why) => {
                let number = Code::Protocol.number();
                let kind = FindingKind::BrokenProtocol;
                self.notes.found(now, kind, why.to_owned(), Some(number));
                self.end(Party::Bridge, why.to_owned(), Some(number), now);
            }
            Input::Broken(why) => {
                let code = match self.phase {
                    Phase::Idle => Code::NoUpgrade,
                    _ => Code::BrokenPipe,
                };
                self.end(Party::Bridge, why.to_owned(), Some(code.number()), now);
            }
        }
    }

    fn act(&mut self, action: Action, now: Duration) {
        self.advance(now);
        if self.phase == Phase::Ended {
            return;
        }
        match action {
            Action::Say(clip) => self.mouth.say(&clip),
            Action::Press(keys) => {
                let last = self.keys.back().map(|(at, _)| *at);
                let first = last.map_or(now, |last| last + self.options.key_spacing);
                for (key, number) in keys.chars().filter(|key| is_key(*key)).zip(0..) {
                    let at = first + self.options.key_spacing * number;
                    self.keys.push_back((at.max(now), key));
                }
                self.advance(now);
            }
            Action::HangUp => self.hang_up(Party::Caller, "hung up".to_owned(), None, now),
            Action::Gap(length) => self.gap_until = now + length,
            Action::Break => {
                self.notes.happened(now, Happening::Lost);
                self.outputs.push_back(Output::Break);
                self.end(Party::Caller, "the line broke".to_owned(), None, now);
            }
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Duration> {
        self.next_due().map(|(at, _)| at)
    }

    fn has_begun(&self) -> bool {
        matches!(self.phase, Phase::Streaming(_))
    }

    fn sample_rate(&self) -> u32 {
        self.mouth.sample_rate()
    }

    fn is_speaking(&self) -> bool {
        !self.mouth.is_empty()
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }

    fn heard(&self) -> &Track {
        self.playback.track()
    }
}
