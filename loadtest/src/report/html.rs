//! A report as one HTML page with plots, which needs nothing from anywhere else.
//!
//! Invariant: no address is loaded from the page: no scripts, styles, fonts or pictures of others. Everything that
//! comes from outside (labels, problems, arguments) is escaped.

use std::fmt::Write as _;

use super::shape::{Line, Shape};
use super::svg::{Scale, bars, escape, lines};
use super::table::{figures, rows};
use super::{Better, Report, in_order};

const STYLE: &str = "body{font:15px/1.5 sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#222}\
    table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #ddd;padding:.2rem .7rem;text-align:right}\
    td:first-child,th:first-child{text-align:left}pre{background:#f4f4f4;padding:.7rem;overflow:auto}\
    figure{display:inline-block;margin:.5rem 1rem .5rem 0;vertical-align:top}figcaption{font-weight:600}\
    svg{max-width:100%;height:auto}.wrong{color:#b00020;font-weight:600}";

/// A page with one run.
#[must_use]
pub fn page(report: &Report) -> String {
    let title = report.entries.first().map_or("nothing", |entry| entry.scenario);
    let mut out = head(title, report);
    write_table(&mut out, &rows(report));
    write_problems(&mut out, &report.problems());
    write_bars(&mut out, report);
    write_curves(&mut out, report);
    write_courses(&mut out, report);
    out.push_str("</body></html>\n");
    out
}

/// A page with the reports of growing work.
#[must_use]
pub fn shape_page(shape: &Shape) -> String {
    let Some((_, first)) = shape.points.first() else {
        return String::new();
    };
    let mut out = head(&format!("cost over {}", shape.of), first);
    write_problems(&mut out, &shape.problems());
    for name in &shape.drawn {
        let scales = (Scale::Logarithmic, Scale::Linear);
        figure(
            &mut out,
            name,
            &lines(&shape.lines(name), (shape.of, name), scales),
        );
    }
    for (work, report) in &shape.points {
        let _ = write!(out, "<h2>{work:.0} {}</h2>", escape(shape.of));
        write_table(&mut out, &rows(report));
    }
    out.push_str("</body></html>\n");
    out
}

fn head(title: &str, report: &Report) -> String {
    let title = escape(title);
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>weft-loadtest: {title}</title>\
         <style>{STYLE}</style></head><body><h1>{title}</h1><p>{}; weft-loadtest {}; seed {}</p><pre>{}</pre>",
        escape(&report.machine.line()),
        env!("CARGO_PKG_VERSION"),
        report.seed,
        escape(&report.arguments.join(" "))
    );
    let started = report
        .targets
        .iter()
        .filter_map(|(label, command)| Some((label, command.as_ref()?)));
    let list: String = started
        .map(|(label, command)| format!("<li>{}: <code>{}</code></li>", escape(label), escape(command)))
        .collect();
    if !list.is_empty() {
        let _ = write!(out, "<ul>{list}</ul>");
    }
    out
}

fn write_table(out: &mut String, rows: &[Vec<String>]) {
    out.push_str("<table>");
    for (index, row) in rows.iter().enumerate() {
        let cell = if index == 0 { "th" } else { "td" };
        out.push_str("<tr>");
        for content in row {
            let class = if content.starts_with("NO:") {
                " class=\"wrong\""
            } else {
                ""
            };
            let _ = write!(out, "<{cell}{class}>{}</{cell}>", escape(content));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
}

fn write_problems(out: &mut String, problems: &str) {
    if !problems.is_empty() {
        let _ = write!(
            out,
            "<h2 class=\"wrong\">What went wrong</h2><pre>{}</pre>",
            escape(problems)
        );
    }
}

fn write_bars(out: &mut String, report: &Report) {
    out.push_str("<h2>Figures</h2>");
    for (name, _) in figures(report)
        .into_iter()
        .filter(|(_, better)| *better != Better::Neither)
    {
        let targets: Vec<_> = report
            .labels()
            .into_iter()
            .map(|label| (label.to_owned(), report.values(label, name), report.passed(label)))
            .collect();
        figure(out, name, &bars(&targets));
    }
}

/// Latencies over the share of what took longer: equal steps to the right are one more nine.
fn write_curves(out: &mut String, report: &Report) {
    let curves = report.entries.iter().flat_map(|entry| &entry.outcome.curves);
    let names = in_order(curves.map(|curve| curve.name));
    if names.is_empty() {
        return;
    }
    out.push_str("<h2>Latencies of all rounds</h2>");
    for name in names {
        let of_target = |label: &str| Line {
            label: label.to_owned(),
            points: report
                .merged(label, name)
                .curve()
                .into_iter()
                .filter(|(share, _)| *share < 1.0)
                .map(|(share, ms)| (1.0 / (1.0 - share), ms))
                .collect(),
        };
        let plot: Vec<_> = report.labels().into_iter().map(of_target).collect();
        let axes = ("one of so many takes longer", "ms");
        figure(
            out,
            name,
            &lines(&plot, axes, (Scale::Logarithmic, Scale::Logarithmic)),
        );
    }
}

fn write_courses(out: &mut String, report: &Report) {
    let round = report.entries.iter().map(|entry| entry.round).max().unwrap_or(1);
    let last = || {
        report
            .entries
            .iter()
            .filter(|entry| entry.round == round && !entry.outcome.course.is_empty())
    };
    if last().count() == 0 {
        return;
    }
    out.push_str("<h2>Course of the last round</h2>");
    type Of = fn(&crate::measure::window::Sample) -> f64;
    let kinds: [(&str, Of); 3] = [
        ("server CPU %", |sample| sample.cpu_percent),
        ("server resident MiB", |sample| sample.resident_mib),
        ("frames received per second", |sample| sample.frames),
    ];
    for (name, of) in kinds {
        let plot: Vec<_> = last()
            .map(|entry| Line {
                label: entry.target.clone(),
                points: entry
                    .outcome
                    .course
                    .iter()
                    .map(|sample| (sample.at_s, of(sample)))
                    .collect(),
            })
            .collect();
        let axes = ("seconds", name);
        figure(out, name, &lines(&plot, axes, (Scale::Linear, Scale::Linear)));
    }
}

fn figure(out: &mut String, caption: &str, plot: &str) {
    if !plot.is_empty() {
        let _ = write!(
            out,
            "<figure><figcaption>{}</figcaption>{plot}</figure>",
            escape(caption)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::histogram::Latencies;
    use crate::report::Curve;
    use crate::report::tests::{entry, report};

    #[test]
    fn a_page_stands_for_itself_and_shows_what_failed() {
        let latencies = Latencies::default();
        latencies.record([100, 200, 5_000]);
        let mut good = entry("floor", 1.0, &[]);
        good.outcome.curves.push(Curve {
            name: "latency",
            recorded: latencies.recorded(),
        });
        let report = report(vec![good, entry("<script>", 2.0, &["lost & found"])]);
        let page = page(&report);
        assert!(page.contains("lost &amp; found") && page.contains("NO: scores zero"));
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http") && !outside.contains("src=") && !outside.contains("url("));
        assert!(page.matches("<svg").count() >= 2, "bars and a curve");
        let shape = Shape {
            of: "receivers",
            drawn: vec!["CPU ms"],
            points: vec![(10.0, report.clone()), (100.0, report)],
        };
        assert!(shape_page(&shape).contains("<svg"));
    }
}
