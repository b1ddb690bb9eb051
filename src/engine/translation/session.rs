//! The session: takes speech, gives its translation.

use std::time::Duration;

use crate::engine::ids::Ids;
use crate::engine::input_audio::{InputAudio, MAX_APPEND, MAX_BUFFERED_MS, WINDOW_SAMPLES};
use crate::engine::io::{Input, Output};
use crate::engine::outbox::Outbox;
use crate::engine::refusal::Refusal;
use crate::engine::transcription::{Heard, Transcriber};
use crate::engine::turn_detection::{Change, TurnDetector, Vad};
use crate::protocol::realtime::{
    Transcription, TranscriptionModel, TranslationAudio, TranslationAudioInput,
    TranslationAudioOutput, TranslationClientEvent, TranslationServerEvent,
    TranslationSession as SessionObject, TranslationSessionClose, TranslationSessionClosed,
    TranslationSessionCreated, TranslationSessionHandler, TranslationSessionInputAudioBufferAppend,
    TranslationSessionInputAudioBufferHandler, TranslationSessionType, TranslationSessionUpdate,
    TranslationSessionUpdated, dispatch_translation_client_event,
};
use crate::protocol::{Event, EventId, ItemId, Patch, decode};

use super::output::Pieces;
use super::{TranslationOptions, Translator};

/// Somebody who speaks on without a pause is translated after so long.
const LONGEST_SENTENCE_MS: u64 = 5_000;

/// What counts as a pause between two sentences.
const PAUSE: Vad = Vad {
    threshold: 0.5,
    prefix_ms: 300,
    silence_windows: 13,
    longest_silence: None,
    create_response: false,
    interrupt_response: false,
    idle_timeout: None,
};

/// One translation session of one client. It is driven like a [`Session`](crate::engine::Session).
#[derive(Debug)]
pub struct TranslationSession {
    settings: SessionObject,
    audio: InputAudio,
    detector: TurnDetector,
    /// Where the sentence under way begins, in milliseconds of the audio.
    sentence: Option<u64>,
    transcriber: Box<dyn Transcriber>,
    translator: Box<dyn Translator>,
    pieces: Pieces,
    outbox: Outbox<TranslationServerEvent>,
    ends_at: Duration,
    ended: bool,
    now: Duration,
    told: Duration,
}

impl TranslationSession {
    /// A session that has just begun: `session.created` waits to be polled.
    pub fn new(options: TranslationOptions) -> Self {
        let ids = Ids::new(options.seed, options.started_at);
        let mut outbox = Outbox::new(ids);
        let ends = options
            .started_at
            .saturating_add(options.maximum_duration.as_secs());
        let mut settings = SessionObject::new(
            outbox.ids.session(),
            TranslationSessionType::Translation,
            i64::try_from(ends).unwrap_or(i64::MAX),
            options.model,
            TranslationAudio {
                input: Some(TranslationAudioInput {
                    transcription: Patch::Null,
                    noise_reduction: Patch::Null,
                }),
                output: Some(TranslationAudioOutput {
                    language: Some(options.language),
                }),
            },
        );
        if let Some(wanted) = options.settings {
            set_audio(&mut settings.audio, wanted);
        }
        let created = settings.clone();
        outbox.send(|id| TranslationSessionCreated::new(id, created));
        Self {
            settings,
            audio: InputAudio::default(),
            detector: TurnDetector::new(options.speech_detector, Box::new(|_| true)),
            sentence: None,
            transcriber: options.transcriber,
            translator: options.translator,
            pieces: Pieces::new(options.pacing),
            outbox,
            ends_at: options.maximum_duration,
            ended: false,
            now: Duration::ZERO,
            told: Duration::ZERO,
        }
    }

    /// Takes an input at a time. Everything that follows from it waits to be polled.
    pub fn handle(&mut self, input: Input<'_, TranslationClientEvent>, now: Duration) {
        self.pass_time(now);
        if self.ended {
            return;
        }
        match input {
            Input::Text(text) => match decode::<TranslationClientEvent>(text) {
                Ok(event) => self.handle_event(event),
                Err(error) => self.refuse(error.into()),
            },
            Input::Unreadable(error) => self.refuse(error.into()),
            Input::Binary => self.refuse(Refusal::binary_frame()),
            Input::NotUtf8 => self.refuse(Refusal::not_utf8()),
            Input::Event(event) => self.handle_event(event),
            Input::Audio(audio) => {
                if let Err(refusal) = self.append(audio) {
                    self.refuse(refusal);
                }
            }
            // Keys are not translated, and nothing is planned.
            Input::Dtmf(_) | Input::Plan(..) | Input::Time => {}
        }
    }

    /// The next thing to send; `None` until there is another input or the deadline has come.
    pub fn poll(&mut self) -> Option<Output<TranslationServerEvent>> {
        if !self.ended
            && self.outbox.is_empty()
            && self.pieces.next_at().is_some_and(|at| at <= self.told)
        {
            self.send_next();
        }
        self.outbox.pop()
    }

    /// When to come back with [`Input::Time`] if nothing else happens before.
    pub fn deadline(&self) -> Option<Duration> {
        let next = self.pieces.next_at().unwrap_or(self.ends_at);
        (!self.ended).then_some(next.min(self.ends_at))
    }

    /// Whether something comes by itself, without another input: now, or when its time has come. The
    /// end of the session's time does not count.
    pub fn has_more(&self) -> bool {
        !self.outbox.is_empty() || (!self.ended && self.pieces.next_at().is_some())
    }

    /// An id for an event that is injected.
    pub(crate) fn event_id(&mut self) -> EventId {
        self.outbox.ids.event()
    }

    /// Sends a text frame as it is, however broken, after all that waits to be polled.
    pub fn inject_text(&mut self, text: impl Into<String>) {
        if !self.ended {
            self.outbox.inject(Output::Text(text.into()));
        }
    }

    /// Whether what was polled last is nothing of the session's own: it was
    /// [injected](Self::inject_text).
    pub const fn was_injected(&self) -> bool {
        self.outbox.was_injected()
    }

    /// Ends the session with a close, after all that waits to be polled.
    pub fn close(&mut self, code: u16, reason: impl Into<String>) {
        if !self.ended {
            self.end(code, reason.into());
        }
    }

    /// The session object as the client was last told, or will be.
    pub fn settings(&self) -> &SessionObject {
        &self.settings
    }

    fn pass_time(&mut self, now: Duration) {
        if self.ended {
            return;
        }
        self.told = self.told.max(now).min(self.ends_at);
        while self.pieces.next_at().is_some_and(|at| at < self.told) {
            self.send_next();
        }
        self.now = self.told;
        if self.now >= self.ends_at {
            let refusal = Refusal::expired(self.ends_at.as_secs() / 60);
            let reason = refusal.message().to_owned();
            self.refuse(refusal);
            self.end(1001, reason);
        }
    }

    fn send_next(&mut self) {
        self.pieces.send_next(&mut self.outbox);
    }

    fn handle_event(&mut self, event: TranslationClientEvent) {
        let event_id = event.event_id().cloned();
        if let Err(refusal) = dispatch_translation_client_event(self, event) {
            self.refuse(refusal.of(event_id));
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.outbox.send(|id| refusal.into_event(id));
    }

    fn end(&mut self, code: u16, reason: String) {
        self.outbox.push(Output::Close { code, reason });
        self.ended = true;
    }

    fn append(&mut self, mut audio: &[u8]) -> Result<(), Refusal> {
        if audio.len() > MAX_APPEND {
            return Err(Refusal::append_too_large(audio.len(), MAX_APPEND));
        }
        while self.audio.fill_window(&mut audio) {
            self.hear_window();
        }
        Ok(())
    }

    fn hear_window(&mut self) {
        let mut samples = [0; WINDOW_SAMPLES];
        let window = self.audio.window(&mut samples);
        let change = self
            .detector
            .hear(window, self.audio.encoding().sample_rate(), &PAUSE);
        let clock_ms = self.audio.end_ms();
        match (change, self.sentence) {
            (Some(Change::Started), _) => {
                self.sentence = Some(clock_ms.saturating_sub(PAUSE.prefix_ms));
            }
            (Some(Change::Stopped), _) => self.end_sentence(),
            (None, Some(start)) if clock_ms - start >= LONGEST_SENTENCE_MS => {
                self.end_sentence();
                self.sentence = Some(clock_ms);
            }
            (None, Some(_)) => {}
            (None, None) => self.audio.keep_last(PAUSE.prefix_ms),
        }
        self.audio.keep_last(MAX_BUFFERED_MS);
    }

    /// What was said since the sentence began is translated.
    fn end_sentence(&mut self) {
        let Some(start_ms) = self.sentence.take() else {
            return;
        };
        let clock_ms = self.audio.end_ms();
        let heard = self.audio.take(Some(start_ms));
        let input = self.settings.audio.input.as_ref();
        let config = input.and_then(|input| input.transcription.value());
        let config = config.map(|config| Transcription {
            model: Some(TranscriptionModel::from(config.model.as_str())),
            language: Patch::from(config.language.clone()),
            ..Transcription::default()
        });
        let outcome = self.transcriber.transcribe(Heard {
            audio: &heard.bytes,
            encoding: heard.encoding,
            duration: heard.duration(),
            item_id: &ItemId::from(""),
            config: config.as_ref(),
        });
        // What is not understood is not translated.
        let Ok(said) = outcome else {
            return;
        };
        let output = self.settings.audio.output.as_ref();
        let language = output.and_then(|output| output.language.as_deref());
        let translation = self
            .translator
            .translate(&said.text, language.unwrap_or_default());
        let wanted = config.is_some().then_some(said.text.as_str());
        self.pieces.add(wanted, &translation, clock_ms, self.now);
    }
}

impl TranslationSessionHandler<Result<(), Refusal>> for TranslationSession {
    fn session_update(&mut self, event: TranslationSessionUpdate) -> Result<(), Refusal> {
        let asked = event.session.audio.unwrap_or_default();
        set_audio(&mut self.settings.audio, asked);
        let updated = self.settings.clone();
        self.outbox
            .send(|id| TranslationSessionUpdated::new(id, updated));
        Ok(())
    }

    fn session_close(&mut self, _: TranslationSessionClose) -> Result<(), Refusal> {
        self.end_sentence();
        while self.pieces.send_next(&mut self.outbox) {}
        self.outbox.send(TranslationSessionClosed::new);
        self.end(1000, String::new());
        Ok(())
    }
}

impl TranslationSessionInputAudioBufferHandler<Result<(), Refusal>> for TranslationSession {
    fn session_input_audio_buffer_append(
        &mut self,
        event: TranslationSessionInputAudioBufferAppend,
    ) -> Result<(), Refusal> {
        self.append(event.audio.as_ref())
    }
}

fn set_audio(audio: &mut TranslationAudio, asked: TranslationAudio) {
    if let Some(asked) = asked.input {
        let input = audio.input.get_or_insert_default();
        set(&mut input.transcription, asked.transcription);
        set(&mut input.noise_reduction, asked.noise_reduction);
    }
    if let Some(language) = asked.output.and_then(|output| output.language) {
        audio.output.get_or_insert_default().language = Some(language);
    }
}

fn set<T>(place: &mut Patch<T>, asked: Patch<T>) {
    if !asked.is_absent() {
        *place = asked;
    }
}
