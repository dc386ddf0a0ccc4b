//! How cost grows with work: a report for each amount of work, as a table and as lines.
//!
//! Invariant: points stand in the order of their work; a target that failed at a point has none there.

use serde::Serialize;

use super::table::number;
use super::{Report, in_order, table};

/// Reports for growing work.
#[derive(Clone, Debug, Serialize)]
pub struct Shape {
    /// What grows.
    pub of: &'static str,
    /// The figures that are drawn.
    pub drawn: Vec<&'static str>,
    /// How much work, and what came of it.
    pub points: Vec<(f64, Report)>,
}

/// One line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it belongs to.
    pub label: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

impl Shape {
    /// True if every round at every point passed its checks.
    #[must_use]
    pub fn is_correct(&self) -> bool {
        self.points.iter().all(|(_, report)| report.is_correct())
    }

    /// Every problem, with the amount of work at which it happened.
    #[must_use]
    pub fn problems(&self) -> String {
        let told = |(work, report): &(f64, Report)| {
            let lines = report.problems();
            lines
                .lines()
                .map(|line| format!("{} {work}: {line}\n", self.of))
                .collect::<String>()
        };
        self.points.iter().map(told).collect()
    }

    /// One figure of every target over the work.
    #[must_use]
    pub fn lines(&self, name: &str) -> Vec<Line> {
        let labels = self.points.iter().flat_map(|(_, report)| report.labels());
        in_order(labels)
            .into_iter()
            .map(|label| {
                let point = |(work, report): &(f64, Report)| {
                    let value = report.median(label, name)?;
                    report.passed(label).then_some((*work, value))
                };
                Line {
                    label: label.to_owned(),
                    points: self.points.iter().filter_map(point).collect(),
                }
            })
            .collect()
    }

    /// A table for each drawn figure: a row per amount of work, a column per target.
    #[must_use]
    pub fn tables(&self) -> String {
        let labels = in_order(self.points.iter().flat_map(|(_, report)| report.labels()));
        let table = |name: &&'static str| {
            let mut rows = vec![vec![format!("{}: {name}", self.of)]];
            rows[0].extend(labels.iter().map(|label| (*label).to_owned()));
            for (work, report) in &self.points {
                let mut row = vec![format!("{work:.0}")];
                row.extend(labels.iter().map(|label| {
                    let value = report.median(label, name).filter(|_| report.passed(label));
                    value.map_or_else(|| "–".to_owned(), number)
                }));
                rows.push(row);
            }
            table::render(&rows)
        };
        self.drawn.iter().map(table).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{entry, report};

    #[test]
    fn a_target_that_failed_at_a_point_has_none_there() {
        let shape = Shape {
            of: "receivers",
            drawn: vec!["CPU ms"],
            points: vec![
                (10.0, report(vec![entry("a", 1.0, &[]), entry("b", 2.0, &[])])),
                (
                    100.0,
                    report(vec![entry("a", 3.0, &[]), entry("b", 0.1, &["lost"])]),
                ),
            ],
        };
        let lines = shape.lines("CPU ms");
        assert_eq!(lines[0].points, [(10.0, 1.0), (100.0, 3.0)]);
        assert_eq!(lines[1].points, [(10.0, 2.0)]);
        assert!(!shape.is_correct());
        assert_eq!(shape.problems(), "receivers 100: b round 1: lost\n");
        let tables = shape.tables();
        assert!(
            tables.contains("| 100 ") && tables.contains("3.00") && tables.contains('–'),
            "{tables}"
        );
    }
}
