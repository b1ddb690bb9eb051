//! The example bridge, good and with faults, between callers and the mock.

use std::collections::BTreeSet;
use std::time::Duration;

use mock_realtime::telephony::audiocodes::AudioCodesOptions;
use mock_realtime::telephony::bridge_test::{BridgeTest, BridgeTestBuilder, Case, Suite};
use mock_realtime::telephony::checks::{Limits, Verdict};
use mock_realtime::telephony::record::{Carrier, Probe};
use mock_realtime::telephony::report::BridgeReport;
use mock_realtime::telephony::twilio::TwilioOptions;

use crate::planted::{Bridge, Fault, TOKEN};

async fn tried(carrier: Carrier, cases: Vec<Case>, fault: Option<Fault>) -> BridgeReport {
    let mut builder = BridgeTest::builder(carrier);
    for Case { script, model } in cases {
        builder = builder.case(script, model);
    }
    reported(builder, Bridge::new(carrier, fault)).await
}

/// The carriers show what a guarded bridge knows.
fn with_credentials(builder: BridgeTestBuilder) -> BridgeTestBuilder {
    builder
        .twilio_options(TwilioOptions {
            auth_token: Some(TOKEN.to_owned()),
            ..TwilioOptions::default()
        })
        .audiocodes_options(AudioCodesOptions {
            bearer_token: Some(TOKEN.to_owned()),
            ..AudioCodesOptions::default()
        })
}

/// What comes of a test with this bridge.
async fn reported(builder: BridgeTestBuilder, bridge: Bridge) -> BridgeReport {
    let test = builder.start().await.unwrap();
    let model = test.model().unwrap();
    test.run_over(|| bridge.open(model)).await.unwrap()
}

async fn passes_the_extended_suite(carrier: Carrier) {
    let builder = with_credentials(BridgeTest::builder(carrier));
    let builder = builder.suite(Suite::Extended).unwrap();
    let report = reported(builder, Bridge::new(carrier, None).guarded()).await;
    assert!(report.is_success(), "{report}");
    let probes = if carrier == Carrier::Twilio { 2 } else { 3 };
    let cases = Suite::Extended.cases().unwrap().len();
    assert_eq!(report.calls.len(), cases + probes);
    what_went_wrong_on_purpose_is_told(&report);
    // Each check has something to look at in some call, if it is for this carrier.
    let unseen = |name: &&str| {
        let mut verdicts = report.calls.iter().filter_map(|call| call.verdict(name));
        !verdicts.any(Verdict::is_passed)
    };
    let names: Vec<&str> = report.calls[0]
        .checks
        .iter()
        .map(|check| check.name)
        .collect();
    let unseen: Vec<&str> = names.into_iter().filter(unseen).collect();
    let other = match carrier {
        Carrier::Twilio => &[
            "resume-is-answered",
            "session-is-in-order",
            "play-streams-end",
            "validation-is-answered",
        ][..],
        Carrier::AudioCodes => &[
            "marks-follow-answers",
            "marks-come-back",
            "line-loss-cleans-up",
        ],
    };
    assert_eq!(unseen, other, "{report}");
}

fn what_went_wrong_on_purpose_is_told(report: &BridgeReport) {
    let calls = report.calls.iter();
    let (faulty, sound): (Vec<_>, Vec<_>) = calls.partition(|call| !call.faults.is_empty());
    let cases: Vec<&str> = faulty.iter().map(|call| call.case.as_str()).collect();
    assert_eq!(cases, ["bad-line", "nonsense"]);
    assert!(sound.iter().all(|call| !call.picture().contains('⚡')));
    let call = faulty[1];
    let written = serde_json::to_value(call).unwrap();
    let malformed = &written["faults"][0];
    assert_eq!(
        (&malformed["kind"], &malformed["times"]),
        (&"malform".into(), &2.into())
    );
    assert!(malformed["what"].as_str().unwrap().starts_with("no JSON"));
    assert!(call.to_string().contains("wrong on purpose  malform ×2, "));
    assert!(call.picture().contains("⚡ malform ×2"));
}

#[tokio::test(start_paused = true)]
async fn the_example_bridge_passes_the_extended_suite_at_twilio() {
    passes_the_extended_suite(Carrier::Twilio).await;
}

#[tokio::test(start_paused = true)]
async fn the_example_bridge_passes_the_extended_suite_at_audiocodes() {
    passes_the_extended_suite(Carrier::AudioCodes).await;
}

const FAULTS: [(Fault, &str, &str); 14] = [
    (Fault::LateClear, "barge-in", "barge-in-noticed"),
    (
        Fault::LostMark,
        "greeting-and-answer",
        "marks-follow-answers",
    ),
    (Fault::DoubleAudio, "greeting-and-answer", "all-is-played"),
    (Fault::WrongTruncation, "barge-in", "truncation-is-true"),
    (Fault::ClippedPadding, "greeting-and-answer", "no-clicks"),
    (
        Fault::DeafAfterPlay,
        "greeting-and-answer",
        "caller-is-heard",
    ),
    (Fault::DtmfLost, "keys", "keys-reach-the-model"),
    (Fault::ToolStall, "tool", "tools-are-answered"),
    (
        Fault::NoHangUpCleanUp,
        "greeting-and-answer",
        "hang-up-cleans-up",
    ),
    (Fault::WrongRate, "greeting-and-answer", "pitch-is-kept"),
    (Fault::DiesOfNonsense, "nonsense", "nonsense-is-borne"),
    (Fault::DeafAfterNonsense, "nonsense", "nonsense-is-borne"),
    (Fault::DiesOfDisorder, "bad-line", "disturbances-are-borne"),
    (Fault::NoHangUpCleanUp, "line-breaks", "line-loss-cleans-up"),
];

async fn each_is_named(carrier: Carrier, is_tried: impl Fn(Fault) -> bool) {
    let faults = FAULTS.into_iter().filter(|(fault, ..)| is_tried(*fault));
    for (fault, case, check) in faults {
        let report = tried(carrier, self::case(case), Some(fault)).await;
        let named: Vec<&str> = report.failures().map(|check| check.name).collect();
        assert!(named.contains(&check), "{fault:?}: {named:?}\n{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_planted_fault_is_named_at_twilio() {
    each_is_named(Carrier::Twilio, |_| true).await;
}

/// The report on a bridge with a late clear, with other demands than the usual.
async fn late_clear(demands: impl FnOnce(BridgeTestBuilder) -> BridgeTestBuilder) -> BridgeReport {
    let Case { script, model } = case("barge-in").remove(0);
    let builder = BridgeTest::builder(Carrier::Twilio).case(script, model);
    let bridge = Bridge::new(Carrier::Twilio, Some(Fault::LateClear));
    reported(demands(builder), bridge).await
}

#[tokio::test(start_paused = true)]
async fn a_bridge_is_held_to_the_limits_and_checks_that_its_users_want() {
    let names = |report: &BridgeReport| -> Vec<&str> {
        report.failures().map(|check| check.name).collect()
    };
    let usual = late_clear(|builder| builder).await;
    assert!(names(&usual).contains(&"barge-in-noticed"), "{usual}");
    let patient = late_clear(|builder| {
        let mut limits = Limits::default();
        limits.set("clear", Duration::from_secs(5)).unwrap();
        builder.limits(limits)
    });
    let patient = patient.await;
    assert!(!names(&patient).contains(&"barge-in-noticed"), "{patient}");
    let skipped = late_clear(|builder| builder.skip("barge-in-noticed").unwrap()).await;
    assert_eq!(names(&skipped), names(&patient), "{skipped}");
}

/// Those that the carriers' words make different.
#[tokio::test(start_paused = true)]
async fn planted_faults_are_named_at_audiocodes() {
    let different = [
        Fault::LateClear,
        Fault::WrongTruncation,
        Fault::ClippedPadding,
        Fault::DtmfLost,
        Fault::DiesOfNonsense,
        Fault::DeafAfterNonsense,
    ];
    each_is_named(Carrier::AudioCodes, |fault| different.contains(&fault)).await;
}

/// The cases of this name.
fn case(name: &str) -> Vec<Case> {
    let mut cases = Suite::Extended.cases().unwrap();
    cases.retain(|case| case.name() == name);
    cases
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_does_not_take_a_call_up_again_is_named() {
    for fault in [Fault::NoAnswerToResume, Fault::DeafAfterResume] {
        let report = tried(Carrier::AudioCodes, case("line-breaks"), Some(fault)).await;
        let named = report
            .failures()
            .any(|check| check.name == "resume-is-answered");
        assert!(named, "{fault:?}\n{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bridge_may_refuse_to_take_a_call_up_again() {
    let refuses = Some(Fault::RefusesResume);
    let report = tried(Carrier::AudioCodes, case("line-breaks"), refuses).await;
    assert!(report.is_success(), "{report}");
    for name in ["resume-is-answered", "line-loss-cleans-up"] {
        let verdict = report.calls[0].verdict(name).unwrap();
        assert!(verdict.is_passed(), "{name}: {verdict:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_taken_up_again_may_have_another_session() {
    let mut builder = BridgeTest::builder(Carrier::AudioCodes).calls(2);
    for Case { script, model } in case("line-breaks") {
        builder = builder.case(script, model);
    }
    let another = Some(Fault::AnotherSessionOnResume);
    let report = reported(builder, Bridge::new(Carrier::AudioCodes, another)).await;
    // Its play streams begin with the first id again.
    let named: Vec<&str> = report.failures().map(|check| check.name).collect();
    assert_eq!(named, ["session-is-in-order"; 2], "{report}");
    for call in &report.calls {
        assert!(call.verdict("resume-is-answered").unwrap().is_passed());
        let record = call.record.model.as_ref().unwrap();
        let sessions: BTreeSet<usize> = record.entries.iter().map(|entry| entry.session).collect();
        assert_eq!(sessions.len(), 2);
    }
}

/// The probes that fail at a bridge with this fault, and why.
async fn failing_probes(carrier: Carrier, fault: Option<Fault>) -> Vec<(String, String)> {
    let mut builder = with_credentials(BridgeTest::builder(carrier));
    for probe in Probe::ALL {
        builder = builder.probe(probe);
    }
    let report = reported(builder, Bridge::new(carrier, fault).guarded()).await;
    let calls = report.calls.iter();
    let failing = calls.filter_map(|call| {
        let check = call.checks.iter().find(|check| check.verdict.is_failed())?;
        Some((call.case.clone(), check.name.to_owned()))
    });
    failing.collect()
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_lets_strangers_in_is_named() {
    let named = |case: &str| (case.to_owned(), "strangers-are-refused".to_owned());
    let both = vec![named("wrong-credential"), named("no-credential")];
    for carrier in [Carrier::Twilio, Carrier::AudioCodes] {
        assert_eq!(failing_probes(carrier, None).await, []);
        let closing = Some(Fault::RefusesByClosing);
        assert_eq!(failing_probes(carrier, closing).await, []);
        let open = Some(Fault::LetsAnybodyIn);
        assert_eq!(failing_probes(carrier, open).await, both);
        let trusting = Some(Fault::LetsInWhoShowsNothing);
        assert_eq!(failing_probes(carrier, trusting).await, both[1..]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_does_not_answer_a_validation_is_named() {
    let silent = Some(Fault::NoValidation);
    let failing = failing_probes(Carrier::AudioCodes, silent).await;
    let named = ("validation".to_owned(), "validation-is-answered".to_owned());
    assert_eq!(failing, [named]);
}

#[tokio::test(start_paused = true)]
async fn many_calls_at_once_are_told_apart() {
    let test = BridgeTest::builder(Carrier::Twilio)
        .suite(Suite::Quick)
        .unwrap()
        .calls(5)
        .start()
        .await
        .unwrap();
    let model = test.model().unwrap();
    let bridge = Bridge::new(Carrier::Twilio, None);
    let report = test.run_over(|| bridge.open(model)).await.unwrap();
    assert!(report.is_success(), "{report}");
    assert_eq!(report.calls.len(), 5);
    assert_eq!(report.answers.unwrap().count, 5);
    // On paused time nothing is late.
    assert!(report.machine.frames() > 5 * 500, "{:?}", report.machine);
    assert_eq!(
        (report.machine.late_frames(), report.warnings.len()),
        (0, 0)
    );
    let crosstalk = report
        .checks
        .iter()
        .find(|check| check.name == "no-crosstalk");
    assert!(crosstalk.unwrap().verdict.is_passed(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_mixes_calls_is_named() {
    for (fault, who) in [
        (Fault::SharedPlayback, "the caller of"),
        (Fault::SharedMicrophone, "the model of"),
    ] {
        let builder = BridgeTest::builder(Carrier::Twilio).calls(3);
        let builder = builder.suite(Suite::Quick).unwrap();
        let report = reported(builder, Bridge::new(Carrier::Twilio, Some(fault))).await;
        let mut checks = report.checks.iter();
        let crosstalk = checks.find(|check| check.name == "no-crosstalk").unwrap();
        let verdict = &crosstalk.verdict;
        let named = verdict.is_failed() && verdict.text().starts_with(who);
        assert!(named, "{fault:?}: {verdict:?}\n{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_mock_the_callers_side_is_reported() {
    let elsewhere = mock_realtime::server::MockServer::builder()
        .say(["Good morning, this is another model. How can I help you?"])
        .start()
        .await;
    let test = BridgeTest::builder(Carrier::Twilio)
        .suite(Suite::Quick)
        .unwrap()
        .without_model()
        .start()
        .await
        .unwrap();
    let bridge = Bridge::new(Carrier::Twilio, None);
    let report = test.run_over(|| bridge.open(&elsewhere)).await.unwrap();
    assert!(report.is_success(), "{report}");
    let verdict = |name| report.calls[0].verdict(name).unwrap();
    assert!(verdict("greeting-heard").is_passed());
    assert!(!verdict("truncation-is-true").is_passed());
}

/// The README shows it. `UPDATE_TRANSCRIPTS=1` draws it anew.
#[tokio::test(start_paused = true)]
async fn the_picture_of_an_interruption_is_the_one_in_the_readme() {
    let report = tried(Carrier::Twilio, case("barge-in"), None).await;
    let picture = report.calls[0].picture();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/bridge.svg");
    if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        std::fs::write(file, &picture).unwrap();
    }
    assert_eq!(picture, std::fs::read_to_string(file).unwrap());
}

/// What the README shows is what `bridge-test` prints of a bridge that is slow to stop its playback.
#[tokio::test(start_paused = true)]
async fn the_readme_shows_a_report_as_it_is() {
    let cases = Suite::Standard.cases().unwrap();
    let report = tried(Carrier::Twilio, cases, Some(Fault::LateClear)).await;
    let report = report.to_string();
    let readme = include_str!("../../README.md");
    let shown = readme.split_once("-- ./my-bridge\n").unwrap().1;
    let shown = shown.split_once("```").unwrap().0;
    assert_eq!(shown, report, "README.md is to show this:\n{report}");
}
