//! A report as a Markdown table: a row per figure, a column per target, medians with their range.
//!
//! Invariant: a target that failed a check is marked in its column; what was not measured is a dash, never a zero.

use std::fmt::Write as _;

use super::{Better, Report, in_order};

/// One cell: the median, and the range where there were several rounds.
#[must_use]
pub fn summary(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.as_slice() {
        [] => "–".to_owned(),
        [only] => number(*only),
        [least, .., most] => {
            let median = super::median(sorted.clone()).map_or_else(String::new, number);
            format!("{median} [{}–{}]", number(*least), number(*most))
        }
    }
}

/// Three significant digits, whole numbers from 100 on.
#[must_use]
pub fn number(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 100.0 => format!("{value:.0}"),
        magnitude if magnitude >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The rows of a report's table, the head first: figures, what they are of the floor's, the verdict, the score.
#[must_use]
pub fn rows(report: &Report) -> Vec<Vec<String>> {
    let labels = report.labels();
    let row = |name: String, cell: &dyn Fn(&str) -> String| {
        let cells = labels.iter().map(|label| cell(label));
        std::iter::once(name).chain(cells).collect::<Vec<_>>()
    };
    let scenario = report.entries.first().map_or("", |entry| entry.scenario);
    let mut rows = vec![row(scenario.to_owned(), &str::to_owned)];
    for (name, better) in figures(report) {
        rows.push(row(name.to_owned(), &|label| {
            summary(&report.values(label, name))
        }));
        let compared = labels
            .iter()
            .any(|label| report.times_floor(label, name).is_some());
        if better == Better::Less && compared {
            rows.push(row("· times the floor's".to_owned(), &|label| {
                let ratio = report.times_floor(label, name);
                ratio.map_or_else(|| "–".to_owned(), |ratio| format!("× {}", number(ratio)))
            }));
        }
    }
    rows.push(row("content verified".to_owned(), &|label| {
        (if report.passed(label) {
            "yes"
        } else {
            "NO: scores zero"
        })
        .to_owned()
    }));
    if report.headline().is_some() {
        rows.push(row("score (1 is the floor's or the best)".to_owned(), &|label| {
            report.score(label).map_or_else(|| "–".to_owned(), number)
        }));
    }
    rows
}

/// The names of all figures in the order of the first outcome that has them, and which way they are good.
pub(crate) fn figures(report: &Report) -> Vec<(&'static str, Better)> {
    let metrics = || report.entries.iter().flat_map(|entry| &entry.outcome.metrics);
    let names = in_order(metrics().map(|metric| metric.name));
    names
        .into_iter()
        .filter_map(|name| metrics().find(|metric| metric.name == name))
        .map(|metric| (metric.name, metric.better))
        .collect()
}

/// Rows as a Markdown table.
#[must_use]
pub fn render(rows: &[Vec<String>]) -> String {
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
            // Writing to a String cannot fail.
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
    use crate::report::tests::{entry, report};

    #[test]
    fn the_table_shows_medians_the_floor_and_the_failed_check() {
        let report = report(vec![
            entry("floor", 1.0, &[]),
            entry("a", 3.0, &[]),
            entry("b", 7.0, &["lost"]),
            entry("a", 1.0, &[]),
            entry("a", 2.0, &[]),
        ]);
        let table = render(&rows(&report));
        assert!(table.contains("2.00 [1.00–3.00]"), "{table}");
        assert!(table.contains("× 2.00") && table.contains("× 7.00"), "{table}");
        assert!(table.contains("NO: scores zero"), "{table}");
        let scores = table.lines().last().expect("a row");
        assert!(
            scores.contains("| 1.00") && scores.contains("| 0.50") && scores.contains("| 0.00"),
            "{scores}"
        );
    }

    #[test]
    fn what_was_not_measured_is_a_dash() {
        assert_eq!(summary(&[]), "–");
        assert_eq!(
            (number(123.4), number(12.34), number(1.234)),
            ("123".to_owned(), "12.3".to_owned(), "1.23".to_owned())
        );
    }
}
