//! Faults in scenario files: read as they are written, and what is wrong named with its place.
#![cfg(feature = "scenario")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use futures_util::StreamExt;
use mock_realtime::faults::{FaultKind, Faults};
use mock_realtime::scenario::{Preset, Scenario, parse};
use mock_realtime::server::MockServer;
use proptest::prelude::*;

use super::examples::examples;

fn problem(rule: &str) -> String {
    let text = format!("faults:\n  rules:\n    - {rule}\n");
    parse("f.yaml", &text).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (rule, expected) in [
        (
            "{ kind: dorp }",
            "f.yaml:3:15: `dorp` is none of the values here; did you mean `drop`?",
        ),
        (
            "{ kind: drop, wehn: {} }",
            "f.yaml:3:21: there is no key `wehn` here; did you mean `when`?",
        ),
        (
            "{ kind: drop, when: { chance: 5 } }",
            "f.yaml:3:37: a chance is from 0.0 to 1.0, not 5",
        ),
        (
            "{ kind: drop, when: { event: response.dnoe } }",
            "f.yaml:3:36: no event has the type `response.dnoe`; `mock-realtime coverage` lists them, \
             and `*` at the end stands for all that begin so",
        ),
        (
            "{ kind: { refuse_handshake: { status: 200 } } }",
            "f.yaml:3:45: a handshake is refused with a status from 400 to 599, not 200",
        ),
        (
            "{ kind: { disconnect: { code: 1005 } } }",
            "f.yaml:3:37: 1005 is no close code that may be sent; there are 1000 to 1003, 1007 to 1014 \
             and 3000 to 4999",
        ),
        (
            "{ kind: drop, when: { every: 0 } }",
            "f.yaml:3:36: this is counted from 1",
        ),
        (
            "{ kind: drop, when: { nth: -1 } }",
            "f.yaml:3:34: -1 cannot stand here; numbers are 0 or more",
        ),
        (
            "{ kind: { delay: 5 } }",
            "f.yaml:3:24: found the number 5, expected a map",
        ),
        ("{ when: {} }", "f.yaml:3:7: the key `kind` is missing here"),
        (
            "{ kind: { slow_accept: {} }, when: { event: response.done } }",
            "f.yaml:3:7: `slow_accept` is about a handshake, which has no `event`",
        ),
        (
            "{ kind: swap_deltas, when: { from: client } }",
            "f.yaml:3:7: `swap_deltas` is about what the server sends, and this is when the client does",
        ),
        (
            "{ kind: { duplicate: { times: 1000 } } }",
            "f.yaml:3:7: `duplicate` is for 100 frames at most",
        ),
    ] {
        assert_eq!(problem(rule), expected, "{rule}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let faults = examples()
        .into_iter()
        .fold(Faults::new().seed(7), Faults::with);
    let scenario = Scenario {
        faults,
        ..Scenario::default()
    };
    let text = scenario.to_yaml().unwrap();
    assert_eq!(parse("f.yaml", &text).unwrap().scenario, scenario);
}

#[test]
fn a_bad_day_has_all_of_them() {
    let scenario = Preset::named("bad-day").unwrap().scenario().unwrap();
    for name in FaultKind::NAMES {
        let has = scenario
            .faults
            .iter()
            .any(|fault| fault.kind().name() == *name);
        assert!(has, "{name}");
    }
}

#[tokio::test]
async fn a_scenario_brings_them_along() {
    let text = "faults: { rules: [{ kind: { disconnect: { code: 1012, reason: restart } } }] }";
    let scenario = parse("f.yaml", text).unwrap().scenario;
    let mock = MockServer::builder().scenario(scenario).start().await;
    let close = mock.connect().unwrap().next().await.unwrap().unwrap();
    assert!(close.is_close(), "{close}");
}

proptest! {
    /// A file that is cut and put together anyhow is read, or its mistakes have places in it.
    #[test]
    fn nothing_in_a_file_panics(
        cut in any::<prop::sample::Index>(),
        length in 0..60_usize,
        with in prop_oneof![Just(String::new()), "[-{}:,a-z0-9 ]{0,12}"],
    ) {
        let day = Preset::named("bad-day").unwrap().text();
        let lines = day.lines().count();
        let from = cut.index(day.len());
        let to = (from + length).min(day.len());
        let text = [&day[..from], &with, &day[to..]].concat();
        if let Err(problems) = parse("f.yaml", &text) {
            for problem in problems.iter() {
                prop_assert!(problem.position().0 <= lines + 1, "{}", problems);
            }
        }
    }
}
