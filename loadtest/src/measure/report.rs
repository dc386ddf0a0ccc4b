//! Results: one outcome per round and target, a table of medians, a JSON file of everything.
//!
//! Invariant: what failed its checks is marked as failed in every form of output; its figures are shown but its run
//! does not count as a success. Rounds are never dropped from the medians.

use std::fmt::Write as _;

use serde::Serialize;

/// One figure of one round.
#[derive(Clone, Debug, Serialize)]
pub struct Metric {
    /// What it is, with its unit.
    pub name: &'static str,
    /// The figure; `None` if it could not be measured.
    pub value: Option<f64>,
}

/// What one round against one target gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// The figures, in the order of the table.
    pub metrics: Vec<Metric>,
    /// What the server did wrong; empty if everything it delivered and kept was right.
    pub problems: Vec<String>,
}

impl Outcome {
    /// Adds a figure.
    pub fn push(&mut self, name: &'static str, value: impl Into<Option<f64>>) {
        self.metrics.push(Metric {
            name,
            value: value.into(),
        });
    }
}

/// An outcome and where it belongs.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The target's label.
    pub target: String,
    /// Counted from 1.
    pub round: u32,
    /// The figures and the problems.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All outcomes of a run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The parameters of the run, as they were on the command line.
    pub arguments: Vec<String>,
    /// One per round and target, in the order in which they ran.
    pub entries: Vec<Entry>,
}

impl Report {
    /// True if every round passed its checks.
    #[must_use]
    pub fn is_correct(&self) -> bool {
        self.entries.iter().all(|entry| entry.outcome.problems.is_empty())
    }

    /// A Markdown table: a row per figure, a column per target, medians with their range.
    #[must_use]
    pub fn table(&self) -> String {
        let targets = in_order(self.entries.iter().map(|entry| entry.target.as_str()));
        let names = in_order(
            self.entries
                .iter()
                .flat_map(|entry| entry.outcome.metrics.iter().map(|metric| metric.name)),
        );
        let mut rows = vec![vec![
            self.entries.first().map_or("", |entry| entry.scenario).to_owned(),
        ]];
        rows[0].extend(targets.iter().map(|target| (*target).to_owned()));
        for name in names {
            let mut row = vec![name.to_owned()];
            row.extend(targets.iter().map(|target| summary(&self.values(target, name))));
            rows.push(row);
        }
        let mut verdicts = vec!["content verified".to_owned()];
        verdicts.extend(targets.iter().map(|target| self.verdict(target)));
        rows.push(verdicts);
        render(&rows)
    }

    /// Every problem, one per line; empty if there was none.
    #[must_use]
    pub fn problems(&self) -> String {
        let mut out = String::new();
        for entry in &self.entries {
            for problem in &entry.outcome.problems {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{} round {}: {problem}", entry.target, entry.round);
            }
        }
        out
    }

    fn values(&self, target: &str, name: &str) -> Vec<f64> {
        let of_target = self.entries.iter().filter(|entry| entry.target == target);
        let metrics = of_target.flat_map(|entry| &entry.outcome.metrics);
        metrics
            .filter(|metric| metric.name == name)
            .filter_map(|metric| metric.value)
            .collect()
    }

    fn verdict(&self, target: &str) -> String {
        let mut of_target = self.entries.iter().filter(|entry| entry.target == target);
        let correct = of_target.all(|entry| entry.outcome.problems.is_empty());
        (if correct { "yes" } else { "NO: scores zero" }).to_owned()
    }
}

fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// The median, and the range where there were several rounds.
fn summary(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.as_slice() {
        [] => "–".to_owned(),
        [only] => number(*only),
        [least, .., most] => {
            format!(
                "{} [{}–{}]",
                number(sorted[sorted.len() / 2]),
                number(*least),
                number(*most)
            )
        }
    }
}

/// Three significant digits, whole numbers from 100 on.
fn number(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 100.0 => format!("{value:.0}"),
        magnitude if magnitude >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "| {cell:<width$} ");
        }
        out.push_str("|\n");
        if index == 0 {
            for width in &widths {
                let _ = write!(out, "|{:-<1$}", "", width + 2);
            }
            out.push_str("|\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(target: &str, value: f64, problems: &[&str]) -> Entry {
        let mut outcome = Outcome::default();
        outcome.push("latency ms", value);
        outcome.problems = problems.iter().map(|problem| (*problem).to_owned()).collect();
        Entry {
            scenario: "fanout",
            target: target.to_owned(),
            round: 1,
            outcome,
        }
    }

    #[test]
    fn the_table_shows_medians_and_the_failed_check() {
        let entries = vec![
            entry("a", 3.0, &[]),
            entry("b", 7.0, &["lost"]),
            entry("a", 1.0, &[]),
            entry("a", 2.0, &[]),
        ];
        let report = Report {
            arguments: Vec::new(),
            entries,
        };
        let table = report.table();
        assert!(table.contains("2.00 [1.00–3.00]"), "{table}");
        assert!(table.contains("NO: scores zero"), "{table}");
        assert!(!report.is_correct());
        assert_eq!(report.problems(), "b round 1: lost\n");
    }
}
