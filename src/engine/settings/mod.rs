//! The session object: its defaults, what `session.update` makes of it, and what the engine reads
//! of it.

mod realtime;
mod transcription;

use serde_json::{Map, Value};

use crate::audio::Encoding;
use crate::protocol::realtime::{
    AudioFormat, Include, PcmFormat, RealtimeSession, Session, SessionConfig, Tool, Transcription,
    TurnDetection,
};
use crate::protocol::{Patch, SessionId};

use super::options::SessionKind;
use super::refusal::Refusal;

/// The session object a new session has.
pub(crate) fn defaults(kind: SessionKind, id: SessionId, model: &str, expires_at: i64) -> Session {
    match kind {
        SessionKind::Realtime => realtime::defaults(id, model, expires_at).into(),
        SessionKind::Transcription => transcription::defaults(id, expires_at).into(),
    }
}

/// The session object of a new session whose client has said before what it wants of it: as an
/// update would set it, but for the model, which is the one it has asked for since.
pub(crate) fn initial(
    kind: SessionKind,
    id: SessionId,
    model: &str,
    expires_at: i64,
    wanted: Option<SessionConfig>,
) -> Result<Session, Refusal> {
    let defaults = defaults(kind, id, model, expires_at);
    let Some(mut wanted) = wanted else {
        return Ok(defaults);
    };
    if let SessionConfig::Realtime(wanted) = &mut wanted {
        wanted.model = None;
    }
    update(&defaults, wanted, false)
}

/// What an update makes of the session: all of it or, as an error, nothing. The voice is fixed once
/// the assistant has spoken.
pub(crate) fn update(
    current: &Session,
    update: SessionConfig,
    has_spoken: bool,
) -> Result<Session, Refusal> {
    match (current, update) {
        (Session::Realtime(current), SessionConfig::Realtime(update)) => {
            realtime::update(current, *update, has_spoken).map(Session::from)
        }
        (Session::Transcription(current), SessionConfig::Transcription(update)) => {
            transcription::update(current, &update).map(Session::from)
        }
        (current, update) => Err(Refusal::other_session_type(
            type_of_update(&update),
            type_of(current),
        )),
    }
}

/// The settings of a session that has responses.
pub(crate) fn of_responses(session: &Session) -> Result<&RealtimeSession, Refusal> {
    match session {
        Session::Realtime(session) => Ok(session),
        Session::Transcription(_) => Err(Refusal::no_responses()),
    }
}

/// How the audio that is appended is encoded.
pub(crate) fn input_encoding(session: &Session) -> Encoding {
    let format = match session {
        Session::Realtime(session) => realtime::input(session).and_then(|it| it.format.as_ref()),
        Session::Transcription(session) => {
            transcription::input(session).and_then(|it| it.format.as_ref())
        }
    };
    format.map(Encoding::of).unwrap_or_default()
}

/// How the speech of responses is encoded that do not say it themselves.
pub(crate) fn output_encoding(session: &Session) -> Encoding {
    let format = match session {
        Session::Realtime(session) => session
            .audio
            .as_ref()
            .and_then(|audio| audio.output.as_ref()?.format.as_ref()),
        Session::Transcription(_) => None,
    };
    format.map(Encoding::of).unwrap_or_default()
}

/// How turns are found; `None` if that is left to the client.
pub(crate) fn turn_detection(session: &Session) -> Option<TurnDetection> {
    match session {
        Session::Realtime(session) => realtime::input(session)?.turn_detection.value().cloned(),
        Session::Transcription(session) => transcription::turn_detection(session),
    }
}

/// How the user's audio is transcribed; `None` if the client does not want to know.
pub(crate) fn transcription(session: &Session) -> Option<&Transcription> {
    match session {
        Session::Realtime(session) => realtime::input(session)?.transcription.value(),
        Session::Transcription(session) => transcription::input(session)?.transcription.value(),
    }
}

/// The tools that the model may use.
pub(crate) fn tools(session: &Session) -> &[Tool] {
    match session {
        Session::Realtime(session) => session.tools.as_deref().unwrap_or_default(),
        Session::Transcription(_) => &[],
    }
}

/// How fast the model speaks.
pub(crate) fn speed(session: &Session) -> f64 {
    match session {
        Session::Realtime(session) => realtime::output(session).and_then(|it| it.speed),
        Session::Transcription(_) => None,
    }
    .unwrap_or(1.0)
}

/// Whether transcripts are to say how sure they are.
pub(crate) fn wants_logprobs(session: &Session) -> bool {
    let include = match session {
        Session::Realtime(session) => session.include.value(),
        Session::Transcription(session) => session.include.value(),
    };
    include.is_some_and(|all| all.contains(&Include::ItemInputAudioTranscriptionLogprobs))
}

fn type_of(session: &Session) -> &'static str {
    match session {
        Session::Realtime(_) => "realtime",
        Session::Transcription(_) => "transcription",
    }
}

fn type_of_update(update: &SessionConfig) -> &'static str {
    match update {
        SessionConfig::Realtime(_) => "realtime",
        SessionConfig::Transcription(_) => "transcription",
    }
}

/// The one format of PCM there is.
fn pcm() -> AudioFormat {
    AudioFormat::from(PcmFormat { rate: Some(24_000) })
}

/// A format as the server shows it.
fn complete_format(format: &mut Option<AudioFormat>) {
    if let Some(AudioFormat::Pcm(PcmFormat { rate })) = format {
        rate.get_or_insert(24_000);
    }
}

/// A transcription as the server shows it.
fn complete_transcription(transcription: &mut Patch<Transcription>) {
    if let Patch::Value(transcription) = transcription {
        for field in [&mut transcription.language, &mut transcription.prompt] {
            if field.is_absent() {
                *field = Patch::Null;
            }
        }
    }
}

/// A session object with an update in it, as JSON: objects merge key by key.
fn merged<S, U>(current: &S, update: &U) -> Result<S, Refusal>
where
    S: serde::Serialize + serde::de::DeserializeOwned,
    U: serde::Serialize,
{
    let mut session = to_map(current)?;
    merge(&mut session, to_map(update)?);
    serde_json::from_value(Value::Object(session)).map_err(|error| unmergeable(&error))
}

fn to_map(value: &impl serde::Serialize) -> Result<Map<String, Value>, Refusal> {
    match serde_json::to_value(value).map_err(|error| unmergeable(&error))? {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

/// Cannot happen with what the strict decoding let through; said rather than swallowed.
fn unmergeable(error: &serde_json::Error) -> Refusal {
    Refusal::unmergeable(&error.to_string())
}

/// Objects merge key by key, `null` and everything else replaces. An object of another kind (its
/// `type` differs) replaces as well: what belonged to the old kind means nothing to the new.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(into)), Value::Object(from)) if same_kind(into, &from) => {
                merge(into, from);
            }
            (Some(place), value) => *place = value,
            (None, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn same_kind(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    match (one.get("type"), other.get("type")) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}
