//! Which variant comes next, and what became of those before.

use std::collections::VecDeque;

use super::report::{Outcome, Report, Tried};
use super::variant::Variant;

/// After so many failures in a row that end the session, the rest is not tried.
const MOST_LOST_IN_A_ROW: usize = 20;

/// A client's way through the variants.
///
/// Many variants are tried in one session, one after the other, so that it is quick. Where one ends
/// the session it may not be the one to blame: what a client has read it may work on later. So it is
/// tried again in a session of its own, and the one before it as well.
#[derive(Debug)]
pub(crate) struct Walk {
    variants: Vec<Variant>,
    outcomes: Vec<Option<Outcome>>,
    waiting: VecDeque<usize>,
    trial: Option<Trial>,
    lost_in_a_row: usize,
}

/// The search for what ended a session.
#[derive(Debug)]
struct Trial {
    /// Where it ended, and how.
    end: usize,
    outcome: Outcome,
    /// Those that are still to be tried alone.
    suspects: VecDeque<usize>,
}

/// A variant that is to be tried now.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) variant: Variant,
    number: usize,
    /// The one before it in the same session.
    before: Option<usize>,
    /// Whether none is to follow in the same session.
    alone: bool,
}

impl Walk {
    pub(crate) fn new(variants: Vec<Variant>) -> Self {
        Self {
            outcomes: vec![None; variants.len()],
            waiting: (0..variants.len()).collect(),
            variants,
            trial: None,
            lost_in_a_row: 0,
        }
    }

    /// Whether all is done.
    pub(crate) fn is_over(&self) -> bool {
        self.trial.is_none() && self.waiting.is_empty()
    }

    /// The first variant of a new session.
    pub(crate) fn begin(&mut self) -> Option<Turn> {
        let number = match &mut self.trial {
            Some(trial) => trial.suspects.pop_front()?,
            None => self.waiting.pop_front()?,
        };
        Some(self.turn(number, None))
    }

    /// The variant after another in the same session; `None` where the session is to end.
    pub(crate) fn go_on(&mut self, before: &Turn) -> Option<Turn> {
        if before.alone || self.trial.is_some() {
            return None;
        }
        let next = self.waiting.front()?;
        let variant = &self.variants[*next];
        let same = variant.flow().name == before.variant.flow().name;
        if !same || variant.is_once() || before.variant.is_once() {
            return None;
        }
        let number = self.waiting.pop_front()?;
        Some(self.turn(number, Some(before.number)))
    }

    fn turn(&self, number: usize, before: Option<usize>) -> Turn {
        Turn {
            variant: self.variants[number].clone(),
            number,
            before,
            alone: self.trial.is_some(),
        }
    }

    /// What became of it.
    pub(crate) fn note(&mut self, turn: &Turn, outcome: Outcome) {
        if let Some(trial) = self.trial.take() {
            return self.judge(trial, turn, outcome);
        }
        self.count_lost(&outcome);
        match turn.before {
            Some(before) if outcome.ends_the_session() => {
                self.trial = Some(Trial {
                    end: turn.number,
                    outcome,
                    suspects: [turn.number, before].into(),
                });
            }
            _ => self.settle(turn.number, outcome),
        }
    }

    fn judge(&mut self, mut trial: Trial, turn: &Turn, outcome: Outcome) {
        if !outcome.is_passed() {
            // The one at the end was no more than a bystander if another does it alone.
            if turn.number != trial.end {
                self.settle(trial.end, Outcome::Passed);
            }
            self.settle(turn.number, outcome);
        } else if trial.suspects.is_empty() {
            let before = self.variants[turn.number].name().to_owned();
            let outcome = Outcome::OnlyAfter {
                before,
                outcome: Box::new(trial.outcome),
            };
            self.settle(trial.end, outcome);
        } else {
            trial.suspects.retain(|suspect| *suspect != turn.number);
            self.trial = Some(trial);
        }
    }

    fn count_lost(&mut self, outcome: &Outcome) {
        self.lost_in_a_row = if outcome.ends_the_session() {
            self.lost_in_a_row + 1
        } else {
            0
        };
        if self.lost_in_a_row >= MOST_LOST_IN_A_ROW {
            self.waiting.clear();
        }
    }

    fn settle(&mut self, number: usize, outcome: Outcome) {
        let variant = &self.variants[number];
        if variant.is_unchanged() && outcome.is_not_read() {
            let event = variant.event_name().to_owned();
            // It would fail in all of them, whatever is changed.
            let variants = &self.variants;
            self.waiting
                .retain(|waiting| variants[*waiting].event_name() != event);
        }
        self.outcomes[number] = Some(outcome);
    }

    /// What was found.
    pub(crate) fn report(&self) -> Report {
        let tried = self.variants.iter().zip(&self.outcomes);
        let tried = tried.filter_map(|(variant, outcome)| {
            Some(Tried {
                variant: variant.clone(),
                outcome: outcome.clone()?,
            })
        });
        Report {
            tried: tried.collect(),
            unread: self.outcomes.iter().filter(|it| it.is_none()).count(),
        }
    }
}
