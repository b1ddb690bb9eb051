//! The list of all that can be asked for.

use std::sync::LazyLock;

use hyper::Method;

#[cfg(feature = "calls")]
use super::calls;
use super::operation::{NoBody, NoQuery, Operation};
use super::targets::OfServer;
use super::{document, entries, faults, scenarios, sessions, waiting};

/// All operations. One path stands for itself: no two have the same method and a path that is the same
/// but for its parameters.
pub(super) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let mut all = of_keys();
    all.extend(of_journals());
    all.extend(of_sessions());
    all.extend(of_faults());
    #[cfg(feature = "calls")]
    all.extend(of_calls());
    all.extend(of_the_api());
    all
});

fn get(path: &'static str) -> (Method, &'static str) {
    (Method::GET, path)
}

fn post(path: &'static str) -> (Method, &'static str) {
    (Method::POST, path)
}

fn of_keys() -> Vec<Operation> {
    const KEY: &str = "/scenarios/{key}";
    vec![
        Operation::new(
            get("/scenarios"),
            "list_scenarios",
            "Lists the keys there are.",
            scenarios::list,
        ),
        Operation::new(
            (Method::PUT, KEY),
            "put_scenario",
            "Makes a key with a scenario of its own, in YAML or JSON, which all sessions follow that \
             come with the key. A key that is in use is a conflict.",
            scenarios::put,
        )
        .which_refuses(&[409, 429]),
        Operation::new(
            get(KEY),
            "get_scenario",
            "Gets a key with its scenario.",
            scenarios::get,
        ),
        Operation::new(
            (Method::DELETE, KEY),
            "delete_scenario",
            "Ends the sessions of a key, and forgets it with all that was recorded.",
            scenarios::delete,
        ),
        Operation::new(
            post("/scenarios/{key}/reset"),
            "reset_scenario",
            "Ends the sessions of a key and puts it back to its beginning: without sessions, journal \
             and faults, with the scenario and settings it has.",
            scenarios::reset,
        ),
        Operation::new(
            post("/scenarios/{key}/verify"),
            "verify",
            "Checks what clients were expected to send.",
            scenarios::verify,
        ),
        Operation::waiting(
            post("/scenarios/{key}/wait"),
            "wait",
            "Waits until a session has sent or got something.",
            waiting::wait,
        )
        .which_refuses(&[429]),
    ]
}

fn of_journals() -> Vec<Operation> {
    vec![
        Operation::new(
            get("/scenarios/{key}/journal"),
            "get_journal",
            "Gets what the sessions of a key have sent and got.",
            entries::of_key,
        ),
        Operation::new(
            get("/scenarios/{key}/journal.jsonl"),
            "get_journal_lines",
            "Gets the same as lines of JSON, which `mock-realtime check` reads.",
            entries::lines_of_key,
        ),
        Operation::new(
            get("/scenarios/{key}/sessions/{session}/journal"),
            "get_session_journal",
            "Gets what a session has sent and got.",
            entries::of_session,
        ),
        Operation::new(
            get("/scenarios/{key}/sessions/{session}/journal.jsonl"),
            "get_session_journal_lines",
            "Gets the same as lines of JSON, which `mock-realtime check` reads.",
            entries::lines_of_session,
        ),
        Operation::new(
            get("/scenarios/{key}/sessions/{session}/audio.wav"),
            "get_session_audio",
            "Gets what was said in a session: the caller on the left, the model on the right.",
            entries::wav,
        ),
        Operation::new(
            get("/scenarios/{key}/sessions/{session}/picture.svg"),
            "get_session_picture",
            "Gets a picture of what was said in a session.",
            entries::picture,
        ),
    ]
}

fn of_sessions() -> Vec<Operation> {
    vec![
        Operation::new(
            get("/scenarios/{key}/sessions"),
            "list_sessions",
            "Lists the sessions of a key.",
            sessions::list,
        ),
        Operation::new(
            get("/scenarios/{key}/sessions/{session}"),
            "get_session",
            "Gets a session.",
            sessions::get,
        ),
        Operation::new(
            post("/scenarios/{key}/sessions/{session}/push"),
            "push",
            "Sends the client an event, or a text that need not be one.",
            sessions::push,
        ),
        Operation::new(
            post("/scenarios/{key}/sessions/{session}/hold"),
            "hold",
            "Holds a session after so many events of a type: nothing more is sent, and its clock \
             stands still. What the client sends is taken all the same.",
            sessions::hold,
        ),
        Operation::new(
            post("/scenarios/{key}/sessions/{session}/release"),
            "release",
            "Sends what was held, and goes on.",
            sessions::release,
        ),
        Operation::new(
            post("/scenarios/{key}/sessions/{session}/advance"),
            "advance",
            "Puts the clock of a session forward. On a manual clock nothing else does.",
            sessions::advance,
        ),
        Operation::new(
            post("/scenarios/{key}/sessions/{session}/close"),
            "close",
            "Closes a session, with a code and a reason.",
            sessions::close,
        ),
        Operation::new(
            post("/scenarios/{key}/sessions/{session}/break"),
            "break_connection",
            "Drops the connection of a session without a close, as a network does.",
            sessions::break_connection,
        ),
    ]
}

#[cfg(feature = "calls")]
fn of_calls() -> Vec<Operation> {
    const RINGS: &str = "Has a telephone call come in: it is announced by its webhook, and rings until the \
                         app accepts or rejects it.";
    vec![
        Operation::new(post("/calls"), "ring", RINGS, calls::ring),
        Operation::new(
            post("/scenarios/{key}/calls"),
            "ring_with_key",
            "Has a telephone call come in whose session is of a key.",
            calls::ring,
        ),
        Operation::new(
            get("/calls"),
            "list_calls",
            "Lists the calls there are, and the last of those that are over.",
            calls::list,
        ),
        Operation::waiting(
            get("/calls/{call}"),
            "get_call",
            "Gets what happened in a call, at once or when there is more.",
            calls::get,
        )
        .which_refuses(&[422, 429]),
        Operation::new(
            post("/calls/{call}/hang_up"),
            "caller_hangs_up",
            "Has the caller hang up, whatever they were about to do.",
            calls::hang_up,
        ),
        Operation::new(
            get("/calls/{call}/audio.wav"),
            "get_call_audio",
            "Gets what was heard in a call that is over: the caller on the left, the model on the right.",
            calls::wav,
        ),
    ]
}

fn of_faults() -> Vec<Operation> {
    const OF_KEY: &str = "/scenarios/{key}/faults";
    const OF_SESSION: &str = "/scenarios/{key}/sessions/{session}/faults";
    vec![
        Operation::new(
            get(OF_KEY),
            "get_faults",
            "Gets what goes wrong in the sessions of a key, beside what its scenario says.",
            faults::get,
        ),
        Operation::new(
            (Method::PUT, OF_KEY),
            "put_faults",
            "Has this go wrong in the sessions of a key that are opened from now on, and not what was put \
             before.",
            faults::put,
        ),
        Operation::new(
            (Method::DELETE, OF_KEY),
            "delete_faults",
            "Has nothing go wrong in sessions from now on but what the scenario says.",
            faults::delete,
        ),
        Operation::new(
            get(OF_SESSION),
            "get_session_faults",
            "Gets what can still go wrong in a session, whoever asked for it: its scenario, its key or a \
             request about it. The seed is that of what was put last.",
            faults::get_of_session,
        ),
        Operation::new(
            (Method::PUT, OF_SESSION),
            "put_session_faults",
            "Has this go wrong in a session from now on, and nothing else.",
            faults::put_of_session,
        ),
        Operation::new(
            (Method::DELETE, OF_SESSION),
            "delete_session_faults",
            "Has nothing more go wrong in a session.",
            faults::delete_of_session,
        ),
    ]
}

fn of_the_api() -> Vec<Operation> {
    vec![Operation::new::<OfServer, NoQuery, NoBody, _>(
        get("/openapi.json"),
        "get_document",
        "Gets this document.",
        document::get,
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_operation_hides_another() {
        let mut seen = Vec::new();
        for operation in OPERATIONS.iter() {
            let shape: Vec<&str> = operation.path.split('/').collect();
            let shape: Vec<&str> = shape
                .into_iter()
                .map(|part| if part.starts_with('{') { "{}" } else { part })
                .collect();
            let one = (operation.method.clone(), shape.join("/"));
            assert!(!seen.contains(&one), "{one:?}");
            seen.push(one);
            let same_id = OPERATIONS.iter().filter(|other| other.id == operation.id);
            assert_eq!(same_id.count(), 1, "{}", operation.id);
        }
    }
}
