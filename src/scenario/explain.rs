//! Why a response was chosen, as a table.

use std::fmt;

use super::model::Scenario;
use super::select::{self, Check, Uses};
use super::situation::Situation;

/// Why a response was chosen and the others were not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What the user said.
    pub said: String,
    /// The number of the user's turn.
    pub turn: u32,
    /// The name of the chosen response; none, if it is the default.
    pub chosen: Option<String>,
    /// All responses, in their order.
    pub candidates: Vec<Candidate>,
}

/// A response that could have been chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Points before any condition.
    pub priority: i32,
    /// Its conditions, and what else counted.
    pub checks: Vec<Check>,
    /// Its points, if all its conditions hold.
    pub score: Option<i32>,
    /// What became of it, in words.
    pub verdict: String,
}

pub(super) fn explain(scenario: &Scenario, situation: &Situation, uses: &Uses) -> Explanation {
    let chosen = select::choose(scenario, situation, uses, None);
    let mut candidates = Vec::new();
    for (index, (name, config)) in scenario.responses.iter().enumerate() {
        let mut checks = Vec::new();
        let times = uses.get(index).copied().unwrap_or(0);
        let score = select::assess(config, times, situation, scenario, Some(&mut checks));
        candidates.push((
            config.when.is_empty(),
            Candidate {
                name: name.clone(),
                priority: config.priority,
                checks,
                score,
                verdict: String::new(),
            },
        ));
    }
    let winner = chosen.map(|index| (candidates[index].0, candidates[index].1.clone()));
    for (index, (catch_all, candidate)) in candidates.iter_mut().enumerate() {
        candidate.verdict = if Some(index) == chosen {
            "chosen".to_owned()
        } else {
            lost(candidate, *catch_all, winner.as_ref())
        };
    }
    Explanation {
        said: situation.user().to_owned(),
        turn: situation.turn,
        chosen: winner.map(|(_, winner)| winner.name),
        candidates: candidates
            .into_iter()
            .map(|(_, candidate)| candidate)
            .collect(),
    }
}

fn lost(candidate: &Candidate, catch_all: bool, winner: Option<&(bool, Candidate)>) -> String {
    let Some(score) = candidate.score else {
        let failed = candidate.checks.iter().filter(|check| !check.holds);
        // A pattern that is preferred fails without harm: it is none of the reasons.
        let reasons: Vec<&str> = failed
            .filter(|check| !check.condition.ends_with(".prefer"))
            .map(|check| check.condition.as_str())
            .collect();
        return format!("lost: {} does not hold", reasons.join(", "));
    };
    match winner {
        Some((false, winner)) if catch_all => {
            format!(
                "lost: a catch-all, and {} has conditions that hold",
                winner.name
            )
        }
        Some((_, winner)) if winner.score == Some(score) => {
            format!("lost: as good as {}, which comes first", winner.name)
        }
        Some((_, winner)) => format!("lost: {score} points, {} has more", winner.name),
        None => "lost".to_owned(),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = self.chosen.as_deref().unwrap_or("the default");
        writeln!(f, "turn {}, {:?}: {chosen}", self.turn, self.said)?;
        let rows: Vec<[String; 4]> = self.candidates.iter().flat_map(rows).collect();
        let header = ["response", "points", "condition", "because"].map(str::to_owned);
        let mut widths = [0; 3];
        for row in rows.iter().chain([&header]) {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in [&header].into_iter().chain(&rows) {
            let [name, points, condition, because] = row;
            let line = format!(
                "  {name:0$}  {points:>1$}  {condition:2$}  {because}",
                widths[0], widths[1], widths[2]
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn rows(candidate: &Candidate) -> Vec<[String; 4]> {
    let total = candidate
        .score
        .map_or("-".to_owned(), |score| score.to_string());
    let mut rows = vec![[
        candidate.name.clone(),
        total,
        String::new(),
        candidate.verdict.clone(),
    ]];
    let mut row = |points: String, condition: &str, because: &str| {
        rows.push([
            String::new(),
            points,
            condition.to_owned(),
            because.to_owned(),
        ]);
    };
    if candidate.priority != 0 {
        row(format!("{:+}", candidate.priority), "priority", "");
    }
    for check in &candidate.checks {
        let points = if check.holds {
            format!("{:+}", check.points)
        } else {
            "no".to_owned()
        };
        row(points, &check.condition, &check.because);
    }
    rows
}
