//! A call over the AudioCodes Bot API.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::options::{AudioCodesOptions, StartOrder};
use super::play_stream::Player;
use super::user_stream::UserStream;
use crate::protocol::audiocodes::{
    Activity, BotActivities, BotMessage, CarrierActivities, CarrierMessage, ConnectionValidate,
    EventActivity, MediaFormat, SessionAccepted, SessionEnd, SessionInitiate, SessionResume,
    SpeechAlternative,
};
use crate::protocol::{ConversationId, decode, encode};
use crate::telephony::caller::{
    Action, Caller, Ending, Happening, Input, Notes, Output, Party, is_key,
};
use crate::telephony::finding::{FindingKind, fault};
use crate::telephony::format::LineFormat;
use crate::telephony::ids::Ids;
use crate::telephony::mouth::Mouth;
use crate::telephony::playback::Playback;
use crate::telephony::record::Carrier;
use crate::telephony::track::Track;

/// The close code after `session.end`: *inferred*.
const NORMAL_CLOSURE: u16 = 1000;

/// A piece of audio lasts at least so long: one of no length would never be over.
const SHORTEST_CHUNK: Duration = Duration::from_millis(1);

/// Why a session ends, for programs.
mod reason {
    pub(super) const CALLER: &str = "client-disconnected";
    pub(super) const BOT: &str = "bot-disconnected";
    pub(super) const TRANSFERRED: &str = "transferred";
    pub(super) const ERROR: &str = "error";
}

/// A person on the telephone, with VoiceAI Connect between them and the bot.
///
/// ```
/// use std::time::Duration;
/// use mock_realtime::telephony::audiocodes::{AudioCodesCaller, AudioCodesOptions};
/// use mock_realtime::telephony::{Caller, Input, Output};
///
/// let mut caller = AudioCodesCaller::new(AudioCodesOptions::default());
/// caller.handle(Input::Opened, Duration::ZERO);
/// let Some(Output::Text(first)) = caller.poll() else { panic!("the carrier begins") };
/// assert!(first.starts_with(r#"{"type":"session.initiate""#));
/// caller.handle(
///     Input::Text(r#"{"type":"session.accepted","mediaFormat":"raw/lpcm16"}"#),
///     Duration::from_millis(4),
/// );
/// assert!(caller.has_begun());
/// ```
#[derive(Debug)]
pub struct AudioCodesCaller {
    pub(super) options: AudioCodesOptions,
    purpose: Purpose,
    conversation: ConversationId,
    ids: Ids,
    pub(super) phase: Phase,
    /// When the bot's answer to the last session message is late.
    answer_due: Option<Duration>,
    /// When a lost connection is opened anew.
    reconnect_at: Option<Duration>,
    reconnects_left: u32,
    /// The format that the bot has accepted.
    pub(super) accepted: MediaFormat,
    /// The same as it sounds.
    pub(super) line: LineFormat,
    pub(super) barge_in: bool,
    pub(super) held: bool,
    /// Until then the carrier does not listen, for the bot has something to answer.
    pub(super) deaf_until: Option<Duration>,
    pub(super) user_stream: UserStream,
    pub(super) next_chunk: Duration,
    pub(super) gap_until: Duration,
    pub(super) mouth: Mouth,
    pub(super) player: Player,
    outputs: VecDeque<Output>,
    pub(super) notes: Notes,
}

/// What the connection is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Purpose {
    Call,
    /// Only to see whether there is a bot.
    Validation,
}

/// How far the call has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Phase {
    /// There is no connection yet.
    Idle,
    /// The bot has been asked to take the call, or whether it is there.
    Asking,
    Active,
    /// The connection is lost.
    Lost,
    /// The bot has been asked to go on, on a new connection.
    Resuming,
    Ended,
}

/// What is due next.
#[derive(Clone, Copy)]
enum Due {
    PlayEnd,
    Chunk,
    Listen,
    Answer,
    StreamAnswer,
    Idle,
    Reconnect,
}

impl AudioCodesCaller {
    /// A caller who has not dialled yet.
    pub fn new(options: AudioCodesOptions) -> Self {
        Self::for_purpose(Purpose::Call, options)
    }

    /// Not a call, but the probe of the vendor's configuration screen: `connection.validate`. Its end
    /// is that of the caller if the bot is well, and of the bridge if it is not.
    pub fn validation(options: AudioCodesOptions) -> Self {
        Self::for_purpose(Purpose::Validation, options)
    }

    fn for_purpose(purpose: Purpose, mut options: AudioCodesOptions) -> Self {
        options.chunk = options.chunk.max(SHORTEST_CHUNK);
        let mut ids = Ids::new(options.seed);
        let made = ids.uuid();
        let conversation = options.conversation_id.clone().unwrap_or(made);
        let accepted = options.media_formats.first().cloned();
        let accepted = accepted.unwrap_or(MediaFormat::RawLpcm16);
        let line = LineFormat::of_media(&accepted).unwrap_or(LineFormat::linear(16_000));
        Self {
            purpose,
            conversation: conversation.into(),
            ids,
            phase: Phase::Idle,
            answer_due: None,
            reconnect_at: None,
            reconnects_left: options.reconnects,
            accepted,
            line,
            barge_in: options.barge_in,
            held: false,
            deaf_until: None,
            user_stream: UserStream::Off,
            next_chunk: Duration::ZERO,
            gap_until: Duration::ZERO,
            mouth: Mouth::new(line.sample_rate()),
            player: Player::new(options.queue_limit),
            outputs: VecDeque::new(),
            notes: Notes::default(),
            options,
        }
    }

    /// The conversation's id.
    pub fn conversation(&self) -> ConversationId {
        self.conversation.clone()
    }

    /// The queue of what the bot sent. Its marks are the ends of play streams, by their ids.
    pub fn playback(&self) -> &Playback<String> {
        &self.player.playback
    }

    /// Whether the caller is heard while the bot speaks.
    pub fn has_barge_in(&self) -> bool {
        self.barge_in
    }

    /// Does what is due by now, each at its own time and in order.
    pub(super) fn advance(&mut self, now: Duration) {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= now) {
            match due {
                Due::PlayEnd => self.play_ended(at),
                Due::Chunk => self.send_chunk(at),
                Due::Listen => {
                    self.deaf_until = None;
                    self.settle(at);
                }
                Due::Answer => self.unanswered(at),
                Due::StreamAnswer => self.stream_unanswered(at),
                Due::Idle => self.play_stream_idle(at),
                Due::Reconnect => {
                    self.reconnect_at = None;
                    self.outputs.push_back(Output::Open);
                }
            }
        }
    }

    fn next_due(&self) -> Option<(Duration, Due)> {
        if matches!(self.phase, Phase::Idle | Phase::Ended) {
            return None;
        }
        let active = (self.phase == Phase::Active).then_some(());
        let all = [
            (self.player.next_end(), Due::PlayEnd),
            (active.and_then(|()| self.chunk_due()), Due::Chunk),
            (self.deaf_until, Due::Listen),
            (self.answer_due, Due::Answer),
            (self.stream_answer_due(), Due::StreamAnswer),
            (self.player.idle_at(), Due::Idle),
            (self.reconnect_at, Due::Reconnect),
        ];
        let all = all.into_iter().filter_map(|(at, due)| Some((at?, due)));
        all.min_by_key(|(at, _)| *at)
    }

    fn open(&mut self, now: Duration) {
        let id = self.conversation();
        match (self.purpose, self.phase) {
            (Purpose::Validation, Phase::Idle) => {
                self.notes.happened(now, Happening::Opened);
                self.phase = Phase::Asking;
                self.send(ConnectionValidate::default());
            }
            (Purpose::Call, Phase::Idle) => {
                self.notes.happened(now, Happening::Opened);
                self.phase = Phase::Asking;
                self.send(SessionInitiate::new(
                    id,
                    self.options.bot_name.as_str(),
                    self.options.caller.as_str(),
                    self.options.expect_audio_messages,
                    self.options.media_formats.clone(),
                ));
            }
            (_, Phase::Lost) => {
                self.phase = Phase::Resuming;
                self.send(SessionResume::new(id));
            }
            _ => return,
        }
        self.answer_due = Some(now + self.options.answer_within);
    }

    fn unanswered(&mut self, now: Duration) {
        let what = format!("no answer within {:?}", self.options.answer_within);
        self.found(FindingKind::NoAnswer, what.clone(), now);
        self.finish(Party::Carrier, reason::ERROR, &what, now);
    }

    pub(super) fn send(&mut self, message: impl Into<CarrierMessage>) {
        let mut text = String::new();
        match encode(&message.into(), &mut text) {
            Ok(()) => self.outputs.push_back(Output::Text(text)),
            Err(error) => tracing::error!(%error, "a message could not be written"),
        }
    }

    /// Tells the bot of an event.
    pub(super) fn send_event(
        &mut self,
        name: &str,
        value: Option<Value>,
        parameters: Map<String, Value>,
        now: Duration,
    ) {
        let unix = Duration::from_millis(self.options.started_at) + now;
        let time = humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + unix);
        let mut event = EventActivity::new(name);
        event.value = value;
        event.id = Some(self.ids.uuid());
        event.timestamp = Some(time.to_string());
        event.language = Some(self.options.language.clone());
        event.parameters = (!parameters.is_empty()).then_some(parameters);
        let id = self.conversation();
        self.send(CarrierActivities::new(id, vec![Activity::from(event)]));
    }

    fn send_start(&mut self, now: Duration) {
        let options = &self.options;
        let mut parameters = Map::new();
        for (key, value) in [
            ("vaigConversationId", &*self.conversation),
            ("caller", options.caller.as_str()),
            ("callerHost", "127.0.0.1"),
            ("callerDisplayName", options.caller.as_str()),
            ("callee", options.callee.as_str()),
            ("calleeHost", "127.0.0.1"),
        ] {
            parameters.insert(key.to_owned(), value.into());
        }
        parameters.extend(options.start_parameters.clone());
        self.send_event("start", None, parameters, now);
    }

    fn take(&mut self, message: BotMessage, now: Duration) {
        match message {
            BotMessage::SessionAccepted(message) => self.take_accepted(message, now),
            BotMessage::SessionError(message) => {
                let why = message.reason.unwrap_or_default();
                self.found(FindingKind::Refused, why.clone(), now);
                self.close();
                self.end(Party::Bridge, why, now);
            }
            BotMessage::ConnectionValidated(message) => self.take_validated(message.success, now),
            _ if self.phase != Phase::Active => {
                let what = "a message before session.accepted".to_owned();
                self.found(FindingKind::TooEarly, what, now);
            }
            BotMessage::UserStreamStarted(_) => self.take_started(now),
            BotMessage::UserStreamStopped(_) => self.take_stopped(now),
            BotMessage::SpeechStarted(_) => {
                self.notes.happened(now, Happening::SpeechHeard);
                self.take_speech(false, now);
            }
            BotMessage::SpeechStopped(_) => {}
            BotMessage::SpeechCommitted(_) => self.take_understood(now),
            BotMessage::SpeechHypothesis(message) => {
                self.note_words(&message.alternatives, false, now);
                self.take_speech(true, now);
            }
            BotMessage::SpeechRecognition(message) => {
                self.note_words(&message.alternatives, true, now);
                self.take_understood(now);
            }
            BotMessage::PlayStreamStart(message) => self.take_play_start(*message, now),
            BotMessage::PlayStreamChunk(message) => self.take_play_chunk(&message, now),
            BotMessage::PlayStreamStop(message) => self.take_play_stop(message, now),
            BotMessage::Activities(message) => self.take_activities(message, now),
        }
    }

    fn take_accepted(&mut self, message: SessionAccepted, now: Duration) {
        let resumed = match self.phase {
            Phase::Asking if self.purpose == Purpose::Call => false,
            Phase::Resuming => true,
            _ => return self.unasked("session.accepted", now),
        };
        self.answer_due = None;
        match message.media_format {
            Some(format) => {
                self.check_offered(&format, now);
                if let Some(line) = LineFormat::of_media(&format) {
                    (self.accepted, self.line) = (format, line);
                    self.mouth.set_rate(line.sample_rate());
                }
            }
            None if !resumed => {
                let what = format!(
                    "session.accepted without mediaFormat; taken for {}",
                    self.accepted.as_str()
                );
                self.found(FindingKind::NoFormat, what, now);
            }
            None => {}
        }
        self.phase = Phase::Active;
        self.next_chunk = now + self.options.chunk;
        if resumed {
            self.reconnects_left = self.options.reconnects;
            self.notes.happened(now, Happening::Resumed);
            self.settle(now);
            return;
        }
        self.notes.happened(now, Happening::Began);
        match self.options.start_order {
            StartOrder::ActivityFirst => {
                self.send_start(now);
                self.settle(now);
            }
            StartOrder::StreamFirst => {
                self.settle(now);
                self.send_start(now);
            }
        }
    }

    fn take_validated(&mut self, success: bool, now: Duration) {
        if self.purpose == Purpose::Call || self.phase != Phase::Asking {
            return self.unasked("connection.validated", now);
        }
        let (by, why) = if success {
            self.notes.happened(now, Happening::Validated);
            (Party::Caller, "there is a bot")
        } else {
            self.found(FindingKind::Refused, "success is false".to_owned(), now);
            (Party::Bridge, "the bot says that it is not well")
        };
        self.close();
        self.end(by, why.to_owned(), now);
    }

    fn note_words(&mut self, alternatives: &[SpeechAlternative], final_: bool, now: Duration) {
        if let Some(best) = alternatives.first() {
            let text = best.text.clone();
            self.notes
                .happened(now, Happening::Understood { text, final_ });
        }
    }

    fn take_activities(&mut self, message: BotActivities, now: Duration) {
        for activity in message.activities {
            match activity {
                Activity::Event(event) => self.take_command(&event, now),
                Activity::Message(message) => {
                    let what = format!("message: {}", message.text);
                    self.notes.happened(now, Happening::Command(what));
                }
            }
            if self.phase == Phase::Ended {
                return;
            }
        }
    }

    /// Carries out a command of the bot. Those that need what a mock has not, such as a transfer's
    /// other end, are noted.
    fn take_command(&mut self, event: &EventActivity, now: Duration) {
        let parameter = |name: &str| {
            let value = event.activity_params.as_ref()?.get(name)?;
            Some(
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        };
        let name = event.name.to_ascii_lowercase();
        let detail = match name.as_str() {
            "hangup" => parameter("hangupReason"),
            "transfer" => parameter("transferTarget"),
            "senddtmf" => parameter("dtmfDigits"),
            "playurl" => parameter("playUrlUrl"),
            _ => None,
        };
        let detail = detail
            .map(|detail| format!(": {detail}"))
            .unwrap_or_default();
        self.notes
            .happened(now, Happening::Command(format!("{}{detail}", event.name)));
        match name.as_str() {
            "hangup" => self.finish(Party::Bridge, reason::BOT, "Bot Side", now),
            "transfer" => self.finish(Party::Bridge, reason::TRANSFERRED, "Bot Side", now),
            "abortprompts" => self.drop_playback(now),
            "config" => {
                let settings = event.session_params.as_ref();
                if let Some(barge_in) = settings.and_then(|settings| settings.get("bargeIn")) {
                    if let Some(on) = barge_in.as_bool() {
                        self.barge_in = on;
                    } else {
                        let what = format!("config: bargeIn is {barge_in}");
                        self.found(FindingKind::BadActivity, what, now);
                    }
                    self.settle(now);
                }
            }
            "senddtmf" => {
                let digits = parameter("dtmfDigits").unwrap_or_default();
                let sound = digits
                    .chars()
                    .all(|key| matches!(key, '0'..='9' | '*' | '#'));
                if digits.is_empty() || digits.len() > 20 || !sound {
                    let what = format!("sendDtmf: dtmfDigits is {digits:?}");
                    self.found(FindingKind::BadActivity, what, now);
                }
            }
            _ => {}
        }
    }

    pub(super) fn unasked(&mut self, what: &str, now: Duration) {
        self.found(FindingKind::UnaskedAnswer, what.to_owned(), now);
    }

    pub(super) fn found(&mut self, kind: FindingKind, detail: String, now: Duration) {
        self.notes.found(now, kind, detail, None);
    }

    /// Ends the session as the carrier does: with a message, and a close.
    fn finish(&mut self, by: Party, code: &str, why: &str, now: Duration) {
        if matches!(self.phase, Phase::Active | Phase::Asking | Phase::Resuming)
            && self.purpose == Purpose::Call
        {
            let mut end = SessionEnd::new(self.conversation());
            end.reason_code = Some(code.to_owned());
            end.reason = Some(why.to_owned());
            self.send(end);
        }
        if !matches!(self.phase, Phase::Idle | Phase::Lost | Phase::Ended) {
            self.close();
        }
        self.end(by, format!("{code}: {why}"), now);
    }

    fn close(&mut self) {
        self.outputs.push_back(Output::Close {
            code: NORMAL_CLOSURE,
            reason: String::new(),
        });
    }

    fn end(&mut self, by: Party, reason: String, now: Duration) {
        if self.phase == Phase::Ended {
            return;
        }
        if let Some(open) = self.player.open_id() {
            let what = format!("{open:?} was open when the call ended");
            self.found(FindingKind::PlayStreamLeftOpen, what, now);
        }
        self.phase = Phase::Ended;
        self.player.playback.clear(now);
        self.notes.ended = Some(Ending {
            at: now,
            by,
            reason,
            code: None,
        });
    }

    /// The connection is gone without an end of the session: the carrier tries again.
    fn lose(&mut self, why: String, now: Duration) {
        if self.phase == Phase::Ended {
            return;
        }
        let resumable = matches!(self.phase, Phase::Active | Phase::Lost | Phase::Resuming);
        if self.purpose == Purpose::Validation || !resumable || self.reconnects_left == 0 {
            return self.end(Party::Bridge, why, now);
        }
        self.reconnects_left -= 1;
        self.notes.happened(now, Happening::Lost);
        self.phase = Phase::Lost;
        self.answer_due = None;
        self.user_stream = UserStream::Off;
        self.deaf_until = None;
        self.forget_play_stream(now);
        self.reconnect_at = Some(now + self.options.reconnect_after);
    }

    fn press(&mut self, keys: &str, now: Duration) {
        let keys: String = keys.chars().filter(|key| is_key(*key)).collect();
        if keys.is_empty() || self.phase != Phase::Active {
            return;
        }
        if self.options.send_dtmf {
            self.send_event("DTMF", Some(keys.as_str().into()), Map::new(), now);
        }
        self.notes.happened(now, Happening::Pressed(keys));
    }
}

impl Caller for AudioCodesCaller {
    fn carrier(&self) -> Carrier {
        Carrier::AudioCodes
    }

    fn headers(&self, _url: &str) -> Vec<(&'static str, String)> {
        let token = self.options.bearer_token.as_ref();
        let token = token.map(|token| ("authorization", format!("Bearer {token}")));
        let mut headers: Vec<_> = token.into_iter().collect();
        headers.push(("ac-conversation-id", self.conversation.to_string()));
        headers.push(("ac-caller-number", self.options.caller.clone()));
        headers
    }

    fn handle(&mut self, input: Input<'_>, now: Duration) {
        self.advance(now);
        match input {
            Input::Time => {}
            Input::Opened => self.open(now),
            Input::Text(_) if self.phase == Phase::Ended => self.notes.found_after_end(now),
            Input::Text(text) => match decode::<BotMessage>(text) {
                Ok(message) => self.take(message, now),
                Err(error) => self.found((&error).into(), fault(&error), now),
            },
            Input::Binary(length) => {
                self.found(FindingKind::BinaryFrame, format!("{length} bytes"), now);
            }
            Input::TurnedAway { status, reason } => {
                self.notes.happened(now, Happening::TurnedAway(status));
                self.lose(reason.to_owned(), now);
            }
            Input::Closed { code, reason } => {
                self.notes.happened(now, Happening::Closed(code));
                let code = code.map_or("no code".to_owned(), |code| code.to_string());
                let why = format!("the bot closed the connection: {code} {reason}");
                self.lose(why.trim_end().to_owned(), now);
            }
            Input::Broken(why) => self.lose(why.to_owned(), now),
            Input::Violated(why) => {
                self.found(FindingKind::BrokenProtocol, why.to_owned(), now);
                self.lose(why.to_owned(), now);
            }
        }
    }

    fn act(&mut self, action: Action, now: Duration) {
        self.advance(now);
        if self.phase == Phase::Ended {
            return;
        }
        match action {
            Action::Say(clip) => {
                if self.mouth.is_empty() && self.next_chunk <= now {
                    // Nothing was due while nothing was said: the person begins now.
                    self.next_chunk = now + self.options.chunk;
                }
                self.mouth.say(&clip);
            }
            Action::Press(keys) => self.press(&keys, now),
            Action::HangUp => self.finish(Party::Caller, reason::CALLER, "Client Side", now),
            Action::Gap(length) => self.gap_until = now + length,
            Action::Break => {
                self.outputs.push_back(Output::Break);
                self.lose("the line broke".to_owned(), now);
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
        self.phase == Phase::Active
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
        self.player.playback.track()
    }
}
