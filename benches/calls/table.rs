//! What came of the calls, and what they cost.

use std::fmt;
use std::time::Duration;

use mock_realtime::telephony::report::Spread;
use mock_realtime::telephony::script::Turn;
use mock_realtime::telephony::{CallResult, Lateness, Party, Sender};
use tokio::time::{Instant, sleep_until};

use crate::callers::Plan;
use crate::process::Cost;

/// What the callers, the bridge and the model have cost.
pub(crate) struct Costs {
    /// How long all calls were there at once, as it was looked at.
    time: Duration,
    /// The CPU time in it.
    cpu: [Duration; 3],
    /// What memory grew by from the first call to the end, in bytes.
    memory: [u64; 3],
}

const NAMES: [&str; 3] = ["callers", "bridge", "model"];

impl Costs {
    /// Looks at the processes when all calls have begun, and shortly before the first one ends.
    pub(crate) async fn between(processes: [Cost; 3], plan: Plan) -> Self {
        let start = Instant::now();
        let memory = processes.map(Cost::memory);
        sleep_until(start + plan.dialling().min(plan.length / 2)).await;
        let (begun, cpu) = (Instant::now(), processes.map(Cost::cpu));
        sleep_until(start + plan.length - Duration::from_millis(500)).await;
        let mut grown = processes.map(Cost::memory);
        let mut spent = processes.map(Cost::cpu);
        for process in 0..3 {
            spent[process] -= cpu[process];
            grown[process] = grown[process].saturating_sub(memory[process]);
        }
        Self {
            time: begun.elapsed(),
            cpu: spent,
            memory: grown,
        }
    }

    fn cores(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() / self.time.as_secs_f64()
    }
}

/// All that is told.
pub(crate) struct Table {
    plan: Plan,
    lateness: Lateness,
    to_bridge: usize,
    of_bridge: usize,
    answers: Option<Spread>,
    /// Whether every call was as long as it was to be, and every question was answered.
    pub(crate) all_answered: bool,
    costs: Costs,
}

impl Table {
    pub(crate) fn of(plan: Plan, calls: &[CallResult], costs: Costs) -> Self {
        let mut lateness = Lateness::default();
        for call in calls {
            lateness.add(&call.lateness);
        }
        let sent = |by| move |call: &CallResult| call.journal.traffic(by).messages;
        let turns = calls.iter().flat_map(|call| &call.turns[1..]);
        Self {
            plan,
            lateness,
            to_bridge: calls.iter().map(sent(Sender::Carrier)).sum(),
            of_bridge: calls.iter().map(sent(Sender::Bridge)).sum(),
            answers: Spread::of(turns.filter_map(Turn::latency)),
            all_answered: calls.iter().all(|call| is_whole(call, plan)),
            costs,
        }
    }

    pub(crate) fn is_in_time(&self) -> bool {
        self.lateness.late_frames() == 0
    }
}

fn is_whole(call: &CallResult, plan: Plan) -> bool {
    let by = call.notes.ended.as_ref().map(|ended| ended.by);
    let is_whole = by == Some(Party::Caller)
        && call.duration() >= plan.length
        && call.turns.iter().all(|turn| turn.answer.is_some())
        && call.notes.findings.is_empty();
    if !is_whole {
        println!(
            "a call is not whole: {:?}, {:?}",
            call.notes.ended, call.turns
        );
    }
    is_whole
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, lateness, .. } = self;
        let (calls, seconds) = (plan.calls, plan.length.as_secs());
        writeln!(f, "{calls} calls of {seconds} s at once")?;
        writeln!(f, "  messages to the bridge   {:>10}", self.to_bridge)?;
        writeln!(f, "  messages of the bridge   {:>10}", self.of_bridge)?;
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        let [p50, p99, worst] = [
            lateness.percentile(50),
            lateness.percentile(99),
            lateness.worst(),
        ]
        .map(ms);
        writeln!(
            f,
            "  late they left           p50 {p50}, p99 {p99}, max {worst}"
        )?;
        let verdict = if self.is_in_time() { "held" } else { "MISSED" };
        let limit = Lateness::LIMIT.as_millis();
        let late = lateness.late_frames();
        writeln!(
            f,
            "  later than {limit} ms         {late:>10}   at most 0: {verdict}"
        )?;
        let verdict = if self.all_answered { "held" } else { "MISSED" };
        let answers = self
            .answers
            .map_or("none".to_owned(), |all| all.to_string());
        writeln!(
            f,
            "  answered                 {answers}; all calls whole: {verdict}"
        )?;
        writeln!(f, "  process        cores   memory a call")?;
        for ((name, cpu), memory) in NAMES.iter().zip(self.costs.cpu).zip(self.costs.memory) {
            let cores = self.costs.cores(cpu);
            let kibibytes = memory / 1024 / u64::from(plan.calls);
            writeln!(f, "  {name:<10} {cores:>9.2} {kibibytes:>11} KiB")?;
        }
        let cores = self.costs.cores(self.costs.cpu.iter().sum());
        let there = std::thread::available_parallelism().map_or(1, usize::from);
        writeln!(f, "  all        {cores:>9.2} of {there}")
    }
}
