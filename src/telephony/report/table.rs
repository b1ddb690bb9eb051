//! Reports for people.

use std::fmt;
use std::time::Duration;

use super::{BridgeReport, CallReport, CheckReport};
use crate::telephony::checks::Verdict;

impl fmt::Display for BridgeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for call in &self.calls {
            write!(f, "{call}")?;
        }
        if let Some(answers) = &self.answers {
            writeln!(f, "answers         {answers}")?;
        }
        if let Some(interruptions) = &self.interruptions {
            writeln!(f, "interruptions   {interruptions}")?;
        }
        for check in self.checks.iter().filter(|check| check.verdict.is_failed()) {
            writeln!(f, "{check}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        let failed = self.calls.iter().filter(|call| !call.is_success()).count();
        let calls = self.calls.len();
        match failed {
            0 if self.is_success() => {
                writeln!(f, "{}: all of {calls} calls are good", self.carrier)
            }
            _ => writeln!(
                f,
                "{}: {failed} of {calls} calls are not good",
                self.carrier
            ),
        }
    }
}

impl fmt::Display for CallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |is: fn(&Verdict) -> bool| {
            self.checks
                .iter()
                .filter(|check| is(&check.verdict))
                .count()
        };
        let (passed, failed) = (count(Verdict::is_passed), count(Verdict::is_failed));
        let mark = if failed == 0 { "✓" } else { "✗" };
        let name = self.file_name();
        let length = self.length.as_secs_f64();
        writeln!(
            f,
            "{mark} {name:<24} {length:>6.1} s   {passed} checks passed, {failed} failed"
        )?;
        for (number, turn) in (1..).zip(&self.turns) {
            let said = format!("{:.1} s", turn.said.as_secs_f64());
            let what = if turn.interrupts {
                "interrupts"
            } else {
                "speaks"
            };
            write!(f, "    turn {number:<2} {what:<10} {said:>6}")?;
            if let Some(time) = turn.silent_after {
                write!(f, "   silence after {}", millis(time))?;
            }
            match turn.answered_after {
                Some(time) => write!(f, "   answer after {}", millis(time))?,
                None => write!(f, "   no answer")?,
            }
            if let Some(time) = turn.heard {
                write!(f, ", {:.1} s long", time.as_secs_f64())?;
            }
            writeln!(f)?;
        }
        if !self.faults.is_empty() {
            let faults = self.faults.iter();
            let faults = faults.map(|fault| format!("{} ×{}", fault.kind, fault.times));
            let faults = faults.collect::<Vec<_>>().join(", ");
            writeln!(f, "    wrong on purpose  {faults}")?;
        }
        for check in self.checks.iter().filter(|check| check.verdict.is_failed()) {
            writeln!(f, "{check}")?;
        }
        Ok(())
    }
}

impl fmt::Display for CheckReport {
    /// One line: what is wrong, where, and what was expected.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.verdict {
            Verdict::Passed { .. } => '✓',
            Verdict::Failed { .. } => '✗',
            Verdict::NotApplicable { .. } => '·',
        };
        write!(f, "  {sign} {}", self.name)?;
        if let Verdict::Failed { at: Some(at), .. } = self.verdict {
            write!(f, " at {:.2} s", at.as_secs_f64())?;
        }
        write!(f, ": {}", self.verdict.text())?;
        if let Some(limit) = self.limit.filter(|_| self.verdict.is_failed()) {
            write!(f, " (limit {})", millis(limit))?;
        }
        if self.verdict.is_failed() {
            write!(f, "\n      {}", self.text)?;
        }
        Ok(())
    }
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
