//! What came of a test of a bridge, as JUnit writes it.

use std::io::{self, Write};

use mock_realtime::telephony::checks::Verdict;
use mock_realtime::telephony::report::{BridgeReport, CheckReport};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// Writes a suite a call, with a case a check, and one for all calls together.
pub(super) fn write(out: &mut impl Write, report: &BridgeReport) -> io::Result<()> {
    let mut junit = Report::new(format!("mock-realtime bridge-test {}", report.carrier));
    for call in &report.calls {
        let mut suite = TestSuite::new(call.file_name());
        suite.set_time(call.length);
        suite.add_test_cases(call.checks.iter().map(case));
        junit.add_test_suite(suite);
    }
    let mut all = TestSuite::new("all calls");
    all.add_test_cases(report.checks.iter().map(case));
    if !report.warnings.is_empty() {
        all.set_system_err(report.warnings.join("\n"));
    }
    junit.add_test_suite(all);
    junit.serialize(&mut *out).map_err(io::Error::other)?;
    writeln!(out)
}

fn case(check: &CheckReport) -> TestCase {
    let status = match &check.verdict {
        Verdict::Passed { .. } => TestCaseStatus::success(),
        Verdict::NotApplicable { why } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(why.as_str());
            status
        }
        Verdict::Failed { evidence, .. } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(evidence.as_str());
            status.set_type(check.name);
            status.set_description(format!("{}\n{check}", check.text));
            status
        }
    };
    TestCase::new(check.name, status)
}
