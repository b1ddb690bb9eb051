//! What was found, as JUnit writes it: programs that collect the results of tests read that.

use std::io::{self, Write};
use std::path::Path;

use mock_realtime::conformance::{Checked, LogError, RULES, Rule};
use mock_realtime::expect::Direction;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// Writes a suite a file, with a case a rule; a file that cannot be read is one case, an error.
pub(super) fn write(
    out: &mut impl Write,
    results: &[(&Path, Result<Checked, LogError>)],
) -> io::Result<()> {
    let mut report = Report::new("mock-realtime check");
    for (file, result) in results {
        let mut suite = TestSuite::new(file.display().to_string());
        match result {
            Ok(checked) => suite.add_test_cases(RULES.iter().map(|rule| case(rule, checked))),
            Err(error) => suite.add_test_case(unreadable(error)),
        };
        report.add_test_suite(suite);
    }
    report.serialize(&mut *out).map_err(io::Error::other)?;
    writeln!(out)
}

/// Whether the file keeps a rule.
fn case(rule: &Rule, checked: &Checked) -> TestCase {
    let broken = checked.findings.iter();
    let broken = broken.filter(|finding| finding.rule == rule.name);
    let broken: Vec<String> = broken.map(ToString::to_string).collect();
    let mut status = TestCaseStatus::success();
    if !broken.is_empty() {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(rule.text);
        status.set_type(rule.name);
        status.set_description(broken.join("\n"));
    }
    let mut case = TestCase::new(rule.name, status);
    case.set_classname(match rule.side {
        Some(Direction::Server) => "server",
        Some(Direction::Client) => "client",
        None => "frames",
    });
    case
}

fn unreadable(error: &LogError) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(error.to_string());
    TestCase::new("readable", status)
}
