//! The user's side of a session: audio becomes turns, turns become items.

use std::time::Duration;

use crate::audio::Chain;
use crate::protocol::realtime::{
    ConversationItem, InputAudioBufferCleared, InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted, InputAudioBufferSpeechStopped, InputAudioBufferTimeoutTriggered,
    ItemStatus, Message, ResponseParams, ResponseStatusReason, UserContent, UserContentType,
    UserMessage,
};
use crate::protocol::{Base64Audio, ItemId, Patch};

use super::conversation::ItemAudio;
use super::input_audio::{
    CommittedAudio, CommittedTurns, InputAudio, MAX_APPEND, MAX_BUFFERED_MS, MIN_COMMIT, WINDOW_MS,
    WINDOW_SAMPLES,
};
use super::pieces::pieces;
use super::refusal::Refusal;
use super::session::Session;
use super::settings;
use super::transcription::{
    Heard, Jobs, Order, Transcriber, TranscriptionPace, as_told, events, tells_while_heard,
};
use super::turn_detection::{Change, TurnDetector, Vad, idle_ms};

/// So often what was said so far is told, in milliseconds of the audio. Inferred.
const TELLING_MS: u64 = 10 * WINDOW_MS;

/// What the input side of a session knows.
#[derive(Debug)]
pub(super) struct InputSide {
    audio: InputAudio,
    /// What happens to audio before it is heard.
    chain: Chain,
    detector: TurnDetector,
    /// The turn under way.
    speech: Option<Speech>,
    committed: CommittedTurns,
    transcriber: Box<dyn Transcriber>,
    pub(super) jobs: Jobs,
    /// When the last response is played to its end, as long as nobody speaks after it.
    quiet_since: Option<Duration>,
}

/// A turn under way.
#[derive(Debug)]
struct Speech {
    item_id: ItemId,
    /// Where its audio begins, in milliseconds of the clock.
    start_ms: u64,
    /// What the client was told of it while the user speaks.
    told: String,
}

impl InputSide {
    pub(super) fn new(
        chain: Chain,
        detector: TurnDetector,
        transcriber: Box<dyn Transcriber>,
        pace: TranscriptionPace,
    ) -> Self {
        Self {
            audio: InputAudio::default(),
            chain,
            detector,
            speech: None,
            committed: CommittedTurns::default(),
            transcriber,
            jobs: Jobs::new(pace),
            quiet_since: None,
        }
    }

    pub(super) fn buffered(&self) -> Duration {
        self.audio.duration()
    }

    /// What the window that is just full changes.
    fn hear(&mut self, vad: &Vad) -> Option<Change> {
        let mut samples = [0; WINDOW_SAMPLES];
        let window = self.audio.window(&mut samples);
        let rate = self.audio.encoding().sample_rate();
        self.detector.hear(window, rate, vad)
    }

    /// Throws away what is too old to be asked for.
    fn forget_old_audio(&mut self, vad: &Vad) {
        let kept = match self.speech {
            Some(_) => MAX_BUFFERED_MS,
            None => vad.kept_silence_ms(),
        };
        self.audio.keep_last(kept);
    }

    fn forget_speech(&mut self) {
        self.end_speech();
        self.detector.start_afresh();
    }

    fn end_speech(&mut self) -> Option<Speech> {
        self.detector.end_turn();
        self.speech.take()
    }
}

// What the client does.
impl Session {
    /// Hears audio: all that happens in it happens in order.
    pub(super) fn append_input_audio(&mut self, audio: &[u8]) -> Result<(), Refusal> {
        if audio.len() > MAX_APPEND {
            return Err(Refusal::append_too_large(audio.len(), MAX_APPEND));
        }
        let encoding = self.input_encoding();
        if self.input.audio.set_encoding(encoding) {
            self.input.detector.start_afresh();
            self.input.chain.forget_half();
        }
        let processed;
        let audio = if self.input.chain.is_empty() {
            audio
        } else {
            processed = self.input.chain.process(audio, encoding);
            &processed
        };
        if let Some(vad) = self.turn_detection() {
            self.listen(audio, &vad);
        } else {
            self.input.forget_speech();
            self.input.audio.append(audio);
            self.input.audio.keep_last(MAX_BUFFERED_MS);
        }
        Ok(())
    }

    /// Makes the buffer an item, as the client says. A turn under way ends with it, without
    /// another event, and gives the item its id.
    pub(super) fn commit_input_audio(&mut self) -> Result<(), Refusal> {
        let duration = self.input.audio.duration();
        if duration < MIN_COMMIT {
            return Err(Refusal::commit_too_short(duration));
        }
        let speech = self.input.end_speech();
        let speech = speech.filter(|_| self.turn_detection().is_some());
        let (id, told) = match speech {
            Some(speech) => (speech.item_id, speech.told),
            None => (self.outbox.ids.item(), String::new()),
        };
        let turn = self.commit(&id, None);
        self.hear_turn(id, &turn, told, |_| {});
        Ok(())
    }

    /// Forgets the buffer and the turn under way.
    pub(super) fn clear_input_audio(&mut self) {
        self.input.audio.clear();
        self.input.chain.forget_half();
        self.input.forget_speech();
        self.outbox.send(InputAudioBufferCleared::new);
    }
}

// What follows from it.
impl Session {
    fn listen(&mut self, mut audio: &[u8], vad: &Vad) {
        while self.input.audio.fill_window(&mut audio) {
            match self.input.hear(vad) {
                Some(Change::Started) => self.speech_started(vad),
                Some(Change::Stopped) => self.speech_stopped(vad),
                None => self.tell_while_heard(),
            }
            self.input.forget_old_audio(vad);
        }
    }

    fn speech_started(&mut self, vad: &Vad) {
        let heard_at = self.input.audio.end_ms().saturating_sub(WINDOW_MS);
        let start_ms = heard_at.saturating_sub(vad.prefix_ms);
        let item_id = self.outbox.ids.item();
        self.input.speech = Some(Speech {
            item_id: item_id.clone(),
            start_ms,
            told: String::new(),
        });
        self.outbox
            .send(|id| InputAudioBufferSpeechStarted::new(id, as_i64(start_ms), item_id));
        if vad.interrupt_response {
            self.interrupt(ResponseStatusReason::TurnDetected);
            self.clear_playback();
        }
        self.input.quiet_since = None;
    }

    /// Tells what was said so far, for a model that does not wait for the end.
    fn tell_while_heard(&mut self) {
        let config = settings::transcription(&self.settings);
        let Some(config) = config.filter(|config| tells_while_heard(config)) else {
            return;
        };
        let InputSide {
            audio,
            speech: Some(speech),
            transcriber,
            ..
        } = &mut self.input
        else {
            return;
        };
        if !audio.end_ms().is_multiple_of(TELLING_MS) {
            return;
        }
        let (bytes, encoding) = (audio.since(speech.start_ms), audio.encoding());
        let so_far = transcriber.transcribe_so_far(Heard {
            audio: bytes,
            encoding,
            duration: encoding.duration(bytes.len()),
            item_id: &speech.item_id,
            config: Some(config),
        });
        let so_far = as_told(config, &so_far.unwrap_or_default());
        let logprobs = settings::wants_logprobs(&self.settings);
        for piece in pieces(so_far.strip_prefix(&speech.told).unwrap_or_default()) {
            events::delta(&mut self.outbox, &speech.item_id, piece, logprobs);
            speech.told.push_str(piece);
        }
    }

    fn speech_stopped(&mut self, vad: &Vad) {
        let Some(speech) = self.input.end_speech() else {
            return;
        };
        let Speech {
            item_id,
            start_ms,
            told,
        } = speech;
        let end_ms = as_i64(self.input.audio.end_ms());
        let id = item_id.clone();
        self.outbox
            .send(|event_id| InputAudioBufferSpeechStopped::new(event_id, end_ms, id));
        let turn = self.commit(&item_id, Some(start_ms));
        self.hear_turn(item_id, &turn, told, |session| {
            if vad.create_response {
                session.respond(None);
            }
        });
    }

    /// Makes the audio since `from_ms`, or all there is, an item at the conversation's end.
    fn commit(&mut self, item_id: &ItemId, from_ms: Option<u64>) -> CommittedAudio {
        let turn = self.input.audio.take(from_ms);
        let index = self.conversation.place_after(None).unwrap_or_default();
        let previous = self.conversation.id_before(index).cloned();
        let committed_id = item_id.clone();
        self.outbox.send(|id| {
            let mut committed = InputAudioBufferCommitted::new(id, committed_id);
            committed.previous_item_id = Patch::from(previous);
            committed
        });
        self.input.quiet_since = None;
        let bytes = turn.bytes.clone();
        self.input.committed.insert(item_id.clone(), bytes);
        let item = audio_item(item_id, Patch::Null);
        let (encoding, bytes) = (turn.encoding, turn.length);
        self.add_item(index, item_id.clone(), item);
        let audio = ItemAudio { encoding, bytes };
        self.conversation.set_audio(item_id, audio);
        turn
    }

    /// Has a turn transcribed, does what else follows from it, and then begins to tell what was
    /// heard, if the client wants to know.
    fn hear_turn(
        &mut self,
        item_id: ItemId,
        turn: &CommittedAudio,
        told: String,
        and: impl FnOnce(&mut Self),
    ) {
        let config = settings::transcription(&self.settings).cloned();
        let outcome = self.input.transcriber.transcribe(Heard {
            audio: &turn.bytes,
            encoding: turn.encoding,
            duration: turn.duration(),
            item_id: &item_id,
            config: config.as_ref(),
        });
        if let Ok(transcript) = &outcome {
            self.conversation.set_heard(&item_id, &transcript.text);
        }
        and(self);
        if let Some(config) = config {
            let order = Order {
                item_id,
                config,
                duration: turn.duration(),
                logprobs: settings::wants_logprobs(&self.settings),
                told,
            };
            self.input.jobs.start(order, outcome, self.now);
        }
    }

    /// Begins a response; if there is one already, the client is told.
    fn respond(&mut self, silence: Option<Duration>) {
        if let Err(refusal) = self.create_response(&ResponseParams::default(), silence) {
            self.outbox.send(|id| refusal.into_event(id));
        }
    }

    /// The item has its transcript from now on. No event says so.
    pub(super) fn keep_transcript(&mut self, id: &ItemId, transcript: String) {
        let item = audio_item(id, Patch::Value(transcript));
        self.conversation.replace(id, item);
    }
}

// What time does.
impl Session {
    /// Does the next thing of the input side that is due. Says whether there was one.
    pub(super) fn step_input(&mut self) -> bool {
        self.step_transcription() || self.step_idle_timeout()
    }

    /// When the next thing of the input side is due.
    pub(super) fn next_input_at(&self) -> Option<Duration> {
        let times = [self.input.jobs.next_at(), self.idle_timeout_at()];
        times.into_iter().flatten().min()
    }

    /// A response is done, and played to its end at this time. The idle timeout runs from there.
    pub(super) fn playback_ends_at(&mut self, at: Duration) {
        self.input.quiet_since = Some(at);
    }

    fn idle_timeout_at(&self) -> Option<Duration> {
        let since = self.input.quiet_since?;
        if self.input.speech.is_some() || self.active_response().is_some() {
            return None;
        }
        let timeout = self.turn_detection()?.idle_timeout?;
        Some(since.saturating_add(timeout))
    }

    /// Commits the silence and responds to it. *Inferred*: it reaches back as far as the timeout
    /// in whole windows, but not beyond the last turn, and nobody is heard in it.
    fn step_idle_timeout(&mut self) -> bool {
        if self.idle_timeout_at().is_none_or(|at| at > self.now) {
            return false;
        }
        let vad = self.turn_detection();
        let silence = vad.and_then(|vad| vad.idle_timeout);
        let timeout = silence.map_or(0, idle_ms);
        let now_ms = self.input.audio.end_ms();
        let begin_ms = self.input.audio.begin_ms();
        let end_ms = now_ms - now_ms % WINDOW_MS;
        let start_ms = end_ms
            .saturating_sub(timeout)
            .max(begin_ms - begin_ms % WINDOW_MS);
        let item_id = self.outbox.ids.item();
        let id = item_id.clone();
        self.outbox.send(|event_id| {
            InputAudioBufferTimeoutTriggered::new(event_id, as_i64(start_ms), as_i64(end_ms), id)
        });
        self.commit(&item_id, Some(start_ms));
        self.respond(silence);
        true
    }
}

// What others ask of it.
impl Session {
    /// Puts the audio of a committed item into it, as a client that retrieves it is shown it.
    pub(super) fn attach_committed_audio(&self, id: &ItemId, item: &mut ConversationItem) {
        let audio = self.input.committed.get(id);
        if let (ConversationItem::Message(Message::User(message)), Some(audio)) = (item, audio) {
            for part in &mut message.content {
                part.audio = Some(Base64Audio::from(audio.clone()));
            }
        }
    }

    /// The item is deleted.
    pub(super) fn forget_committed_audio(&mut self, id: &ItemId) {
        self.input.committed.remove(id);
    }

    fn turn_detection(&self) -> Option<Vad> {
        settings::turn_detection(&self.settings)
            .as_ref()
            .map(Vad::of)
    }
}

/// What the user said, as an item of the conversation.
fn audio_item(id: &ItemId, transcript: Patch<String>) -> ConversationItem {
    let mut message = UserMessage::new(vec![UserContent {
        type_: Some(UserContentType::InputAudio),
        transcript,
        ..UserContent::default()
    }]);
    message.id = Some(id.clone());
    message.status = Some(ItemStatus::Completed);
    ConversationItem::from(Message::from(message))
}

fn as_i64(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
