//! Results: one outcome per round and target, and what they come to over all rounds.
//!
//! Invariant: what failed its checks scores zero and is marked as failed in every form of output, however fast it was.
//! Rounds are never dropped from the medians. A figure comes with its unit, a failed check with its reason.

pub mod html;
pub mod shape;
pub mod svg;
pub mod table;

use serde::{Serialize, Serializer};

use crate::machine::traits::Machine;
use crate::measure::histogram::Recorded;
use crate::measure::window::Sample;

/// Which way a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Costs and times.
    Less,
    /// Things done.
    More,
    /// Neither: it only explains the others.
    Neither,
}

/// One figure of one round.
#[derive(Clone, Debug, Serialize)]
pub struct Metric {
    /// What it is, with its unit.
    pub name: &'static str,
    /// The figure; `None` if it could not be measured.
    pub value: Option<f64>,
    /// Which way it is good; those that are good in one way are compared with the floor.
    pub better: Better,
}

/// Latencies of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// Of what.
    pub name: &'static str,
    /// All of them.
    #[serde(serialize_with = "points")]
    pub recorded: Recorded,
}

fn points<S: Serializer>(recorded: &Recorded, serializer: S) -> Result<S::Ok, S::Error> {
    recorded.curve().serialize(serializer)
}

/// What one round against one target gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// The figures, in the order of the table.
    pub metrics: Vec<Metric>,
    /// The figure that a score is made of.
    pub headline: Option<&'static str>,
    /// Latencies as a whole.
    pub curves: Vec<Curve>,
    /// The measured time, second by second.
    pub course: Vec<Sample>,
    /// What the server did wrong; empty if everything it delivered and kept was right.
    pub problems: Vec<String>,
}

impl Outcome {
    /// Adds a figure that only explains.
    pub fn tell(&mut self, name: &'static str, value: impl Into<Option<f64>>) {
        self.push(name, value.into(), Better::Neither);
    }

    /// Adds a figure that is better when it is less.
    pub fn cost(&mut self, name: &'static str, value: impl Into<Option<f64>>) {
        self.push(name, value.into(), Better::Less);
    }

    /// Adds a figure that is better when it is more.
    pub fn gain(&mut self, name: &'static str, value: impl Into<Option<f64>>) {
        self.push(name, value.into(), Better::More);
    }

    /// Makes the figure that was added last the one that the score is made of.
    pub fn as_headline(&mut self) {
        self.headline = self.metrics.last().map(|metric| metric.name);
    }

    /// Adds the 50th, 95th and 99th percentile of latencies under these names, and their curve.
    pub fn latencies(&mut self, names: [&'static str; 4], recorded: Recorded) {
        let [curve, p50, p95, p99] = names;
        for (name, quantile) in [(p50, 0.5), (p95, 0.95), (p99, 0.99)] {
            self.cost(name, recorded.quantile_ms(quantile));
        }
        if recorded.count() > 0 {
            self.curves.push(Curve {
                name: curve,
                recorded,
            });
        }
    }

    /// The figure called `name`, if it was measured.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|metric| metric.name == name)?.value
    }

    fn push(&mut self, name: &'static str, value: Option<f64>, better: Better) {
        self.metrics.push(Metric { name, value, better });
    }
}

/// An outcome and where it belongs.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The target's label.
    pub target: String,
    /// Whether it is the floor, with which the others are compared.
    pub is_floor: bool,
    /// Counted from 1.
    pub round: u32,
    /// The figures and the problems.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All outcomes of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was run, as it was on the command line.
    pub arguments: Vec<String>,
    /// The seed of everything that was drawn by lot.
    pub seed: u64,
    /// Where it ran.
    pub machine: Machine,
    /// Each target's label, and how it was started where it was started here.
    pub targets: Vec<(String, Option<String>)>,
    /// One per round and target, in the order in which they ran.
    pub entries: Vec<Entry>,
}

impl Report {
    /// True if every round passed its checks.
    #[must_use]
    pub fn is_correct(&self) -> bool {
        self.entries.iter().all(|entry| entry.outcome.problems.is_empty())
    }

    /// The targets' labels in the order in which they were first visited.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        in_order(self.entries.iter().map(|entry| entry.target.as_str()))
    }

    /// Every problem, one per line; empty if there was none.
    #[must_use]
    pub fn problems(&self) -> String {
        let told = |entry: &Entry| {
            let of_entry = |problem: &String| format!("{} round {}: {problem}\n", entry.target, entry.round);
            entry.outcome.problems.iter().map(of_entry).collect::<String>()
        };
        self.entries.iter().map(told).collect()
    }

    /// True if the target passed the checks in all rounds.
    #[must_use]
    pub fn passed(&self, target: &str) -> bool {
        self.of(target).all(|entry| entry.outcome.problems.is_empty())
    }

    /// What all rounds of a target gave for one figure.
    #[must_use]
    pub fn values(&self, target: &str, name: &str) -> Vec<f64> {
        self.of(target)
            .filter_map(|entry| entry.outcome.value(name))
            .collect()
    }

    /// The median of all rounds of a target for one figure; `None` if it was never measured.
    #[must_use]
    pub fn median(&self, target: &str, name: &str) -> Option<f64> {
        median(self.values(target, name))
    }

    /// All latencies of one kind that a target had in any round.
    #[must_use]
    pub fn merged(&self, target: &str, name: &str) -> Recorded {
        let curves = self.of(target).flat_map(|entry| &entry.outcome.curves);
        Recorded::merged(
            curves
                .filter(|curve| curve.name == name)
                .map(|curve| &curve.recorded),
        )
    }

    /// A target's figure as a multiple of the floor's; `None` without a floor, and for the floor itself.
    #[must_use]
    pub fn times_floor(&self, target: &str, name: &str) -> Option<f64> {
        let floor = self.entries.iter().find(|entry| entry.is_floor)?.target.as_str();
        let (own, least) = (self.median(target, name)?, self.median(floor, name)?);
        (target != floor && least > 0.0).then(|| own / least)
    }

    /// How close a target comes to the floor, or without one to the best target that passed: 1 is as good.
    ///
    /// 0 if it failed any check; `None` if its headline figure was not measured.
    #[must_use]
    pub fn score(&self, target: &str) -> Option<f64> {
        if !self.passed(target) {
            return Some(0.0);
        }
        let (name, better) = self.headline()?;
        let own = self.median(target, name)?;
        let floor = self.entries.iter().find(|entry| entry.is_floor);
        let best = match floor {
            Some(floor) => self.median(&floor.target, name)?,
            None => {
                let passed = self.labels().into_iter().filter(|label| self.passed(label));
                let values = passed.filter_map(|label| self.median(label, name));
                match better {
                    Better::More => values.reduce(f64::max)?,
                    _ => values.reduce(f64::min)?,
                }
            }
        };
        let ratio = match better {
            Better::More => own / best,
            _ => best / own,
        };
        ratio.is_finite().then_some(ratio)
    }

    /// The figure that scores are made of, and which way it is good.
    #[must_use]
    pub fn headline(&self) -> Option<(&'static str, Better)> {
        let outcomes = || self.entries.iter().map(|entry| &entry.outcome);
        let name = outcomes().find_map(|outcome| outcome.headline)?;
        let metric = outcomes()
            .flat_map(|outcome| &outcome.metrics)
            .find(|metric| metric.name == name)?;
        Some((name, metric.better))
    }

    fn of<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.target == target)
    }
}

/// Each name once, in the order of its first appearance.
pub(crate) fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        even if even % 2 == 0 => Some(f64::midpoint(values[middle - 1], values[middle])),
        _ => Some(values[middle]),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn entry(target: &str, value: f64, problems: &[&str]) -> Entry {
        let mut outcome = Outcome::default();
        outcome.cost("CPU ms", value);
        outcome.as_headline();
        outcome.problems = problems.iter().map(|problem| (*problem).to_owned()).collect();
        Entry {
            scenario: "fanout",
            target: target.to_owned(),
            is_floor: target == "floor",
            round: 1,
            outcome,
        }
    }

    pub(crate) fn report(entries: Vec<Entry>) -> Report {
        Report {
            arguments: vec!["weft-loadtest".to_owned(), "fanout".to_owned()],
            seed: 7,
            machine: Machine::look(),
            targets: Vec::new(),
            entries,
        }
    }

    #[test]
    fn the_fastest_that_is_wrong_scores_zero() {
        let report = report(vec![
            entry("floor", 4.0, &[]),
            entry("fast", 0.1, &["an edit is lost"]),
            entry("good", 8.0, &[]),
        ]);
        assert_eq!(report.score("fast"), Some(0.0));
        assert_eq!(report.score("good"), Some(0.5));
        assert_eq!(report.score("floor"), Some(1.0));
        assert_eq!(report.times_floor("good", "CPU ms"), Some(2.0));
        assert_eq!(report.times_floor("floor", "CPU ms"), None);
        assert!(!report.is_correct());
        assert_eq!(report.problems(), "fast round 1: an edit is lost\n");
    }

    #[test]
    fn without_a_floor_the_best_that_passed_is_the_measure() {
        let report = report(vec![
            entry("a", 3.0, &[]),
            entry("wrong", 0.1, &["lost"]),
            entry("b", 6.0, &[]),
            entry("a", 1.0, &[]),
            entry("a", 2.0, &[]),
        ]);
        assert_eq!(report.median("a", "CPU ms"), Some(2.0));
        assert_eq!(
            (report.score("a"), report.score("b")),
            (Some(1.0), Some(2.0 / 6.0))
        );
        assert_eq!(report.times_floor("a", "CPU ms"), None);
    }

    #[test]
    fn one_wrong_round_is_enough() {
        let report = report(vec![
            entry("a", 1.0, &[]),
            entry("a", 1.0, &["lost"]),
            entry("a", 1.0, &[]),
        ]);
        assert_eq!(report.score("a"), Some(0.0));
    }

    #[test]
    fn a_median_of_two_lies_between_them() {
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }
}
