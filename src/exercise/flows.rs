//! The flows that clients are walked through: short sessions that together have every server event.
//!
//! A flow is what somebody else in the session does: another socket beside the same call, say. The
//! client that is exercised need do nothing, and what it does has its effects, too.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::audio::{Clip, Encoding};
use crate::engine::{
    Fidelity, Heard, Pacing, ScriptedTranslator, SessionKind, SessionOptions, Transcript,
    TranscriptSegment, TranscriptionFailure, TranslationOptions, Transport,
};
use crate::generators::{
    Ending, PlannedItem, PlannedMcpCall, PlannedMessage, ResponsePlan, ResponseRequest,
};
use crate::protocol::EventKind;
use crate::protocol::realtime::{
    ClientEventKind, McpListToolsTool, McpToolExecutionError, TranscriptionModel,
    TranslationClientEventKind,
};

use super::Sessions;

/// What happens in a session, again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    /// Its name.
    pub(super) name: &'static str,
    /// In which sessions.
    pub(super) sessions: Sessions,
    /// How such a session differs from others.
    pub(super) configure: fn(&mut SessionOptions),
    /// What is done.
    pub(super) steps: fn() -> Vec<Step>,
    /// Whether it can be done again in the same session.
    pub(super) repeats: bool,
}

/// Something that is done in a flow.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The next response says this.
    Plan(Box<ResponsePlan>),
    /// Somebody sends an event. `$RUN` stands for how often the flow was done, `$ITEM` for the id of
    /// the model's last item.
    Send(Value),
    /// Somebody speaks, and is silent.
    Speak,
    /// A key of the telephone is pressed.
    Press(char),
    /// Time passes.
    Pass(Duration),
}

/// What the user is heard to say.
const HEARD: &str = "Well";

/// What the model says: one word, so that it comes in one piece.
const SAID: &str = "Hello";

/// Arguments of calls. They come in two pieces.
const ARGUMENTS: &str = "{}";

/// The server whose tools are known.
const LIBRARY: &str = "library";

const fn flow(name: &'static str, sessions: Sessions, steps: fn() -> Vec<Step>) -> Flow {
    Flow {
        name,
        sessions,
        configure: |_| {},
        steps,
        repeats: true,
    }
}

/// All flows, in the order in which clients are walked through them.
pub(super) static FLOWS: &[Flow] = &[
    Flow {
        repeats: false,
        ..flow("opening", Sessions::Conversations, Vec::new)
    },
    flow("text", Sessions::Conversations, text),
    flow("speech", Sessions::Conversations, speech),
    flow("function-call", Sessions::Conversations, function_call),
    flow("voice-turn", Sessions::Conversations, voice_turn),
    flow("speakers", Sessions::Conversations, speakers),
    flow("unheard", Sessions::Conversations, unheard),
    flow("silence", Sessions::Conversations, silence),
    flow("items", Sessions::Conversations, items),
    flow("endings", Sessions::Conversations, endings),
    flow("refusal", Sessions::Conversations, refusal),
    Flow {
        configure: |options| {
            let tool = McpListToolsTool::new("find_book", Map::new());
            options.mcp_servers = [(LIBRARY.to_owned(), vec![tool])].into();
        },
        repeats: false,
        ..flow("mcp-tools", Sessions::Conversations, mcp_tools)
    },
    flow("mcp-calls", Sessions::Conversations, mcp_calls),
    Flow {
        configure: |options| {
            options.transport = Transport::Sip;
            options.pacing = Pacing::INSTANT;
        },
        ..flow("telephone", Sessions::Conversations, telephone)
    },
    Flow {
        configure: |options| {
            options.fidelity = Fidelity {
                conversation_created: true,
                conversation_item_created: true,
                ..Fidelity::default()
            };
        },
        ..flow("as-published", Sessions::Conversations, as_published)
    },
    Flow {
        configure: |options| options.kind = SessionKind::Transcription,
        repeats: false,
        ..flow("opening", Sessions::Transcriptions, Vec::new)
    },
    Flow {
        configure: |options| options.kind = SessionKind::Transcription,
        ..flow("turn", Sessions::Transcriptions, transcription)
    },
    Flow {
        repeats: false,
        ..flow("opening", Sessions::Translations, Vec::new)
    },
    flow("sentence", Sessions::Translations, translation),
    Flow {
        repeats: false,
        ..flow("closing", Sessions::Translations, closing)
    },
];

/// What the next response of a session says; shared by the flow and the session's generator.
pub(super) type NextPlan = Arc<Mutex<Option<ResponsePlan>>>;

impl Flow {
    /// What its sessions are started with.
    pub(super) fn options(&self, seed: u64, next: &NextPlan) -> SessionOptions {
        let next = Arc::clone(next);
        let generator = move |_: ResponseRequest<'_>| {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            next.take().unwrap_or_else(|| ResponsePlan::message(SAID))
        };
        let mut options = SessionOptions {
            seed,
            generator: Box::new(generator),
            transcriber: Box::new(hear),
            ..SessionOptions::default()
        };
        (self.configure)(&mut options);
        options
    }

    /// The same of a flow of translations.
    pub(super) fn translation_options(seed: u64) -> TranslationOptions {
        TranslationOptions {
            seed,
            transcriber: Box::new(hear),
            translator: Box::new(ScriptedTranslator::new(vec![SAID; MOST_SENTENCES])),
            ..TranslationOptions::default()
        }
    }
}

/// More than any session of translations has.
const MOST_SENTENCES: usize = 4096;

/// What is heard depends on the model that hears it: one tells speakers apart, one hears nothing.
#[allow(
    clippy::needless_pass_by_value,
    reason = "a transcriber is given what was heard"
)]
fn hear(heard: Heard<'_>) -> Result<Transcript, TranscriptionFailure> {
    let model = heard.config.and_then(|config| config.model.as_ref());
    if model == Some(&TranscriptionModel::Whisper1) {
        return Err(TranscriptionFailure::default());
    }
    let mut transcript = Transcript::from(HEARD);
    transcript.segments = vec![TranscriptSegment {
        speaker: "spk_1".to_owned(),
        text: HEARD.to_owned(),
        start: Duration::ZERO,
        end: Duration::from_millis(640),
    }];
    transcript.languages = vec!["en".to_owned()];
    Ok(transcript)
}

/// A stretch of speech between silences, which turn detection takes for a turn.
pub(super) fn speech_between_silences() -> Vec<u8> {
    let silence = Clip::silence(Duration::from_millis(400));
    let speech = Clip::tone(300.0, Duration::from_millis(640));
    [&silence, &speech, &silence, &silence]
        .iter()
        .flat_map(|clip| clip.encoded(Encoding::Pcm16))
        .collect()
}

fn plan(plan: ResponsePlan) -> Step {
    Step::Plan(Box::new(plan))
}

fn event(kind: &'static str, mut fields: Value) -> Step {
    fields["type"] = json!(kind);
    Step::Send(fields)
}

fn send(kind: ClientEventKind, fields: Value) -> Step {
    event(kind.as_str(), fields)
}

fn update(mut session: Value) -> Step {
    session["type"] = json!("realtime");
    send(
        ClientEventKind::SessionUpdate,
        json!({ "session": session }),
    )
}

/// A session in which the flow alone says what happens.
fn update_input(mut input: Value, turn_detection: Value) -> Step {
    input["turn_detection"] = turn_detection;
    update(json!({
        "audio": { "input": input },
        "include": ["item.input_audio_transcription.logprobs"],
    }))
}

/// Turns are found, and nobody answers them.
fn turns() -> Value {
    json!({
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "create_response": false,
    })
}

fn create_item(item: &Value) -> Step {
    send(
        ClientEventKind::ConversationItemCreate,
        json!({ "item": item }),
    )
}

fn user_says(id: &str, text: &str) -> Step {
    create_item(&json!({
        "id": id,
        "type": "message",
        "role": "user",
        "content": [{ "type": "input_text", "text": text }],
    }))
}

fn create_response(modality: &str) -> Step {
    send(
        ClientEventKind::ResponseCreate,
        json!({ "response": { "output_modalities": [modality], "metadata": { "flow": "$RUN" } } }),
    )
}

fn of_item(kind: ClientEventKind, id: &str) -> Step {
    send(kind, json!({ "item_id": id }))
}

/// So short that it can be sent a thousand times.
fn short_speech() -> Step {
    let message = PlannedMessage {
        text: SAID.to_owned(),
        audio: Some(Clip::tone(300.0, Duration::from_millis(20))),
        ..PlannedMessage::default()
    };
    plan(ResponsePlan::of([PlannedItem::Message(message)]))
}

fn text() -> Vec<Step> {
    vec![
        update(json!({ "instructions": "Be brief." })),
        user_says("text_$RUN", "Hi"),
        plan(ResponsePlan::message(SAID)),
        create_response("text"),
    ]
}

fn speech() -> Vec<Step> {
    vec![
        short_speech(),
        create_response("audio"),
        of_item(ClientEventKind::ConversationItemRetrieve, "$ITEM"),
        send(
            ClientEventKind::ConversationItemTruncate,
            json!({ "item_id": "$ITEM", "content_index": 0, "audio_end_ms": 10 }),
        ),
        of_item(ClientEventKind::ConversationItemDelete, "$ITEM"),
    ]
}

fn function_call() -> Vec<Step> {
    vec![
        plan(ResponsePlan::call("weather", ARGUMENTS)),
        create_response("text"),
        create_item(&json!({
            "id": "output_$RUN",
            "type": "function_call_output",
            "call_id": "$CALL",
            "output": "rain",
        })),
    ]
}

fn voice_turn() -> Vec<Step> {
    vec![
        update_input(
            json!({ "transcription": { "model": "gpt-transcribe", "language": "en" } }),
            turns(),
        ),
        Step::Speak,
        send(ClientEventKind::InputAudioBufferClear, json!({})),
    ]
}

fn speakers() -> Vec<Step> {
    vec![
        update_input(
            json!({ "transcription": { "model": "gpt-4o-transcribe-diarize" } }),
            turns(),
        ),
        Step::Speak,
    ]
}

fn unheard() -> Vec<Step> {
    vec![
        update_input(
            json!({ "transcription": { "model": "whisper-1" } }),
            turns(),
        ),
        Step::Speak,
    ]
}

fn silence() -> Vec<Step> {
    let mut turns = turns();
    turns["idle_timeout_ms"] = json!(5000);
    turns["create_response"] = json!(true);
    vec![
        update(json!({ "output_modalities": ["text"] })),
        update_input(json!({}), turns),
        Step::Speak,
        Step::Pass(Duration::from_secs(6)),
        update_input(json!({}), self::turns()),
    ]
}

fn items() -> Vec<Step> {
    let message = |id: &str, role: &str, content: Value| {
        create_item(&json!({ "id": id, "type": "message", "role": role, "content": content }))
    };
    vec![
        message(
            "system_$RUN",
            "system",
            json!([{ "type": "input_text", "text": "Be kind" }]),
        ),
        message(
            "image_$RUN",
            "user",
            json!([
                { "type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low" },
                { "type": "input_audio", "audio": "AAAA", "transcript": "Hm" },
            ]),
        ),
        message(
            "before_$RUN",
            "assistant",
            json!([{ "type": "output_text", "text": "Earlier" }]),
        ),
    ]
}

fn endings() -> Vec<Step> {
    let cut = ResponsePlan {
        ending: Ending::MaxOutputTokens,
        ..ResponsePlan::message(SAID)
    };
    vec![
        plan(ResponsePlan::failed(
            "invalid_request_error",
            "insufficient_quota",
        )),
        create_response("text"),
        plan(cut),
        create_response("text"),
    ]
}

fn refusal() -> Vec<Step> {
    let mut step = of_item(ClientEventKind::ConversationItemRetrieve, "nobody");
    if let Step::Send(event) = &mut step {
        event["event_id"] = json!("refused_$RUN");
    }
    vec![step]
}

fn mcp_tools() -> Vec<Step> {
    let server = |label: &str| {
        json!({
            "type": "mcp",
            "server_label": label,
            "server_url": format!("https://{label}.example"),
            "require_approval": "never",
        })
    };
    let function = json!({
        "type": "function",
        "name": "weather",
        "description": "Tells how the weather is.",
        "parameters": { "type": "object", "properties": {} },
    });
    vec![update(json!({
        "tools": [server(LIBRARY), server("nowhere"), function],
    }))]
}

fn mcp_calls() -> Vec<Step> {
    let call = |outcome: Result<&str, &str>| {
        PlannedItem::McpCall(PlannedMcpCall {
            server_label: LIBRARY.to_owned(),
            name: "find_book".to_owned(),
            arguments: ARGUMENTS.to_owned(),
            outcome: outcome
                .map(str::to_owned)
                .map_err(|message| McpToolExecutionError::new(message).into()),
            approval_request_id: None,
        })
    };
    let request = PlannedItem::McpApprovalRequest {
        server_label: LIBRARY.to_owned(),
        name: "find_book".to_owned(),
        arguments: ARGUMENTS.to_owned(),
    };
    vec![
        plan(ResponsePlan::of([
            call(Ok("On shelf 7")),
            call(Err("no such book")),
        ])),
        create_response("text"),
        plan(ResponsePlan::of([request])),
        create_response("text"),
        create_item(&json!({
            "id": "approval_$RUN",
            "type": "mcp_approval_response",
            "approval_request_id": "$ITEM",
            "approve": true,
            "reason": "Why not",
        })),
    ]
}

fn telephone() -> Vec<Step> {
    vec![
        update_input(json!({}), Value::Null),
        Step::Press('9'),
        short_speech(),
        create_response("audio"),
        Step::Pass(Duration::from_secs(1)),
        plan(ResponsePlan::message("Wait")),
        create_response("audio"),
        send(ClientEventKind::OutputAudioBufferClear, json!({})),
    ]
}

fn as_published() -> Vec<Step> {
    vec![user_says("published_$RUN", "Hi")]
}

fn transcription() -> Vec<Step> {
    let mut turns = turns();
    if let Some(turns) = turns.as_object_mut() {
        turns.remove("create_response");
    }
    vec![
        send(
            ClientEventKind::SessionUpdate,
            json!({ "session": {
                "type": "transcription",
                "audio": { "input": {
                    "transcription": { "model": "gpt-4o-transcribe" },
                    "turn_detection": turns,
                } },
            } }),
        ),
        Step::Speak,
    ]
}

fn translation() -> Vec<Step> {
    vec![
        event(
            TranslationClientEventKind::SessionUpdate.as_str(),
            json!({ "session": { "audio": {
                "input": { "transcription": { "model": "gpt-realtime-whisper" } },
                "output": { "language": "es" },
            } } }),
        ),
        Step::Speak,
    ]
}

fn closing() -> Vec<Step> {
    vec![event(
        TranslationClientEventKind::SessionClose.as_str(),
        json!({}),
    )]
}
