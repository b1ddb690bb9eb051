//! The rules, as data: what holds of frames, and between the events of a session.

use crate::expect::Direction;

/// Something that holds of every session.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, which stays the same from version to version.
    pub name: &'static str,
    /// Who has to keep it; both without one.
    pub side: Option<Direction>,
    /// What it says.
    pub text: &'static str,
    /// How it is known: what was seen, or what the published documents say.
    pub source: &'static str,
}

impl Rule {
    /// The rule with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        RULES.iter().copied().find(|rule| rule.name == name)
    }
}

/// Names of sources that several rules have.
const LOGS: &str = "held in every recorded session";
const SPEC: &str = "OpenAI's published document";
const ERRORS: &str = "the service answers what breaks it with an error event";
const INFERRED: &str = "inferred: nothing else would make sense to a client";

macro_rules! side {
    (Both) => {
        None
    };
    ($side:ident) => {
        Some(Direction::$side)
    };
}

macro_rules! rules {
    ($($side:ident { $($constant:ident $name:literal $text:literal $source:expr;)* })*) => {
        $($(
            pub(super) static $constant: Rule = Rule {
                name: $name,
                side: side!($side),
                text: $text,
                source: $source,
            };
        )*)*

        /// All rules: of frames, then of order, of the server and of the client.
        pub static RULES: &[&Rule] = &[$($(&$constant,)*)*];
    };
}

rules! {
    Both {
        FRAME_EVENT "frame-event"
            "The frame is an event of a type that this side sends." SPEC;
        FRAME_MISSING "frame-missing"
            "All fields that the schema requires are there." SPEC;
        FRAME_FIELD "frame-field"
            "There are no fields that the schema does not have." SPEC;
        FRAME_TYPE "frame-type"
            "Values are of the JSON type that the schema names." SPEC;
        FRAME_VALUE "frame-value"
            "Values are among those, and within the bounds, that the schema names." SPEC;
    }
    Server {
        SESSION_FIRST "session-first"
            "The first event is session.created; on a socket beside a call, session.updated." LOGS;
        SESSION_ONCE "session-once"
            "session.created comes once." LOGS;
        UPDATE_ASKED "update-asked"
            "There is no more than one session.updated for each session.update." LOGS;
        EVENT_ID_UNIQUE "event-id-unique"
            "No two events have the same event_id." LOGS;
        ERROR_NAMES_EVENT "error-names-event"
            "The event_id in an error is that of an event the client has sent." SPEC;
        RESPONSE_OPENS "response-opens"
            "response.created has a new id, the status in_progress and no output yet." LOGS;
        RESPONSE_KNOWN "response-known"
            "What belongs to a response comes after its response.created." LOGS;
        RESPONSE_OVER "response-over"
            "Nothing of a response comes after its response.done: no audio after a cancellation." LOGS;
        RESPONSE_DONE_ONCE "response-done-once"
            "response.done comes once for each response." LOGS;
        ONE_RESPONSE "one-response"
            "In the conversation one response is on its way at a time." ERRORS;
        STATUS_EXPLAINED "status-explained"
            "A response that is not completed says why in status_details." SPEC;
        OUTPUT_INDEX "output-index"
            "The output items of a response are numbered from 0 in the order they are added." LOGS;
        OUTPUT_KNOWN "output-known"
            "What belongs to an output item comes after it was added, and names it by its id." LOGS;
        OUTPUT_OVER "output-over"
            "Nothing of an output item comes after its response.output_item.done." LOGS;
        OUTPUT_COMPLETE "output-complete"
            "At response.done all output items are done, and its output lists them in order." LOGS;
        PART_OPEN "part-open"
            "Text and audio come between content_part.added and content_part.done." LOGS;
        PART_CLOSED "part-closed"
            "All parts of an item are done before the item is." LOGS;
        DELTAS_ARE_WHOLE "deltas-are-whole"
            "The deltas of a text, a transcript or arguments make up what its done event says." LOGS;
        CALL_SAME "call-same"
            "The name and call_id of a function call are those its item was added with." LOGS;
        USAGE_ADDS_UP "usage-adds-up"
            "Total tokens are input and output; each of them is the sum of its details, and no more comes from the cache than is read." LOGS;
        ITEM_NEW "item-new"
            "An item is added to the conversation once." LOGS;
        ITEM_KNOWN "item-known"
            "What is said of an item comes after it was added, and not after it was deleted." LOGS;
        ITEM_DONE_ONCE "item-done-once"
            "conversation.item.done comes once for each item." LOGS;
        PREVIOUS_ITEM "previous-item"
            "previous_item_id names an item of the conversation." LOGS;
        ITEM_ORDER "item-order"
            "conversation.item.done comes before response.output_item.done, and its added after that of the output." LOGS;
        SPEECH_PAIRS "speech-pairs"
            "speech_started and speech_stopped take turns and name the same item." LOGS;
        SPEECH_TIMES "speech-times"
            "Speech starts no earlier than the one before it did, and stops no earlier than it started." LOGS;
        SPEECH_COMMITTED "speech-committed"
            "Speech that has stopped is committed under the item it was announced with." LOGS;
        TRANSCRIPT_WHOLE "transcript-whole"
            "The deltas of an input transcript make up what its completed event says, but for space at the ends." LOGS;
        TRANSCRIPT_ONCE "transcript-once"
            "The transcription of an item is completed or failed once, and nothing follows." LOGS;
        PLAYBACK_PAIRS "playback-pairs"
            "output_audio_buffer.started is followed by stopped or cleared, for the same response." SPEC;
        TRUNCATED_WITHIN "truncated-within"
            "An item is truncated to no more than the audio that was sent of it." ERRORS;
    }
    Client {
        MODEL_STAYS "model-stays"
            "session.update does not change the model." ERRORS;
        VOICE_STAYS "voice-stays"
            "The voice does not change once the model has spoken." ERRORS;
        APPEND_SIZE "append-size"
            "One append has at most 15 MiB of audio." SPEC;
        COMMIT_HAS_AUDIO "commit-has-audio"
            "What is committed has at least 100 ms of audio." ERRORS;
        ITEM_EXISTS "item-exists"
            "Items that are retrieved, truncated or deleted, or that others are put after, exist." ERRORS;
        ITEM_ID_NEW "item-id-new"
            "An item that is created has an id of its own, or none." ERRORS;
        TRUNCATE_WITHIN "truncate-within"
            "An item is truncated to no more than the audio that was sent of it." ERRORS;
        CREATE_WHEN_FREE "create-when-free"
            "response.create is not sent while a response of the conversation is on its way." ERRORS;
        CANCEL_ACTIVE "cancel-active"
            "response.cancel is sent while a response is on its way." ERRORS;
        OUTPUT_OF_CALL "output-of-call"
            "The output of a function is for a call that was made, once." INFERRED;
        CALL_ANSWERED "call-answered"
            "Each call of a function has its output before the next response is asked for." INFERRED;
    }
}
