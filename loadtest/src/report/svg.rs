//! Plots as SVG text: bars for figures, lines for what depends on something.
//!
//! Invariant: the text stands for itself: no scripts, no fonts or colours from elsewhere. Whatever was not measured is
//! not drawn. Labels are escaped.

use std::fmt::Write as _;

use super::shape::Line;
use super::table::number;

/// Distinguishable for most people who confuse colours (Okabe and Ito).
const COLOURS: &[&str] = &[
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];
const WIDTH: f64 = 640.0;
const LEFT: f64 = 170.0;
const BAR: f64 = 18.0;
const PLOT_HEIGHT: f64 = 260.0;
const MARGIN: f64 = 46.0;

/// How an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps.
    Linear,
    /// Equal factors; only for values above zero.
    Logarithmic,
}

/// The colour of the `index`th target in every plot.
#[must_use]
pub fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

/// A bar for each target: the median, with a line for the range. A target that failed is drawn hollow.
#[must_use]
pub fn bars(targets: &[(String, Vec<f64>, bool)]) -> String {
    let most = targets
        .iter()
        .flat_map(|(_, values, _)| values)
        .copied()
        .fold(0.0, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    let scale = (WIDTH - LEFT - 110.0) / most;
    let height = targets.len() as f64 * (BAR + 6.0) + 6.0;
    let mut out = open(height);
    for (index, (label, values, passed)) in targets.iter().enumerate() {
        let y = 6.0 + index as f64 * (BAR + 6.0);
        let middle = y + BAR / 2.0;
        text(&mut out, (LEFT - 8.0, middle + 4.0), "end", label);
        let Some(median) = super::median(values.clone()) else {
            text(&mut out, (LEFT, middle + 4.0), "start", "–");
            continue;
        };
        let fill = if *passed { colour(index) } else { "none" };
        let _ = write!(
            out,
            r#"<rect x="{LEFT}" y="{y:.1}" width="{:.1}" height="{BAR}" fill="{fill}" stroke="{}"/>"#,
            median * scale,
            colour(index)
        );
        let least = values.iter().copied().fold(f64::MAX, f64::min);
        let top = values.iter().copied().fold(0.0, f64::max);
        if top > least {
            let (from, to) = (LEFT + least * scale, LEFT + top * scale);
            let _ = write!(
                out,
                r##"<path d="M{from:.1} {middle:.1}H{to:.1}" stroke="#444" stroke-width="2"/>"##
            );
        }
        let told = if *passed {
            number(median)
        } else {
            format!("{} (wrong: 0)", number(median))
        };
        text(&mut out, (LEFT + top * scale + 6.0, middle + 4.0), "start", &told);
    }
    out.push_str("</svg>");
    out
}

/// A line for each target, with axes. The vertical axis begins at zero unless it is logarithmic.
#[must_use]
pub fn lines(lines: &[Line], axes: (&str, &str), scales: (Scale, Scale)) -> String {
    let usable = |value: f64, scale: Scale| value.is_finite() && (scale == Scale::Linear || value > 0.0);
    let points = || {
        lines
            .iter()
            .flat_map(|line| &line.points)
            .filter(|(x, y)| usable(*x, scales.0) && usable(*y, scales.1))
    };
    if points().count() == 0 {
        return String::new();
    }
    let horizontal = Axis::over(points().map(|(x, _)| *x), scales.0);
    let mut vertical = Axis::over(points().map(|(_, y)| *y), scales.1);
    if scales.1 == Scale::Linear {
        vertical.from = vertical.from.min(0.0);
    }
    let place = |(x, y): (f64, f64)| {
        (
            MARGIN + 20.0 + horizontal.share(x) * (WIDTH - MARGIN - 40.0),
            PLOT_HEIGHT - MARGIN - vertical.share(y) * (PLOT_HEIGHT - MARGIN - 14.0),
        )
    };
    let mut out = open(PLOT_HEIGHT + 18.0 * lines.len() as f64);
    draw_axes(&mut out, &horizontal, &vertical, &place);
    text(&mut out, (WIDTH / 2.0, PLOT_HEIGHT - 6.0), "middle", axes.0);
    text(&mut out, (4.0, 11.0), "start", axes.1);
    for (index, line) in lines.iter().enumerate() {
        let usable_points = line
            .points
            .iter()
            .filter(|(x, y)| usable(*x, scales.0) && usable(*y, scales.1));
        let placed: Vec<_> = usable_points.map(|point| place(*point)).collect();
        let path: String = placed
            .iter()
            .enumerate()
            .map(|(step, (x, y))| format!("{}{x:.1} {y:.1}", if step == 0 { 'M' } else { 'L' }))
            .collect();
        let colour = colour(index);
        let _ = write!(
            out,
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>"#
        );
        for (x, y) in placed {
            let _ = write!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#);
        }
        let y = PLOT_HEIGHT + 18.0 * index as f64 + 8.0;
        let _ = write!(
            out,
            r#"<rect x="{MARGIN}" y="{:.1}" width="12" height="12" fill="{colour}"/>"#,
            y - 10.0
        );
        text(&mut out, (MARGIN + 18.0, y), "start", &line.label);
    }
    out.push_str("</svg>");
    out
}

struct Axis {
    from: f64,
    to: f64,
    scale: Scale,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, scale: Scale) -> Self {
        let (from, to) = values.fold((f64::MAX, f64::MIN), |(least, most), value| {
            (least.min(value), most.max(value))
        });
        // A single value still needs a width.
        let to = if to > from { to } else { from + from.abs().max(1.0) };
        Self { from, to, scale }
    }

    /// Where a value lies between the ends, 0 to 1.
    fn share(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Logarithmic => (value / self.from).ln() / (self.to / self.from).ln(),
        }
    }

    fn ticks(&self) -> Vec<f64> {
        let at = |step: u32| {
            let share = f64::from(step) / 4.0;
            match self.scale {
                Scale::Linear => self.from + share * (self.to - self.from),
                Scale::Logarithmic => self.from * (self.to / self.from).powf(share),
            }
        };
        (0..=4).map(at).collect()
    }
}

fn draw_axes(out: &mut String, horizontal: &Axis, vertical: &Axis, place: &dyn Fn((f64, f64)) -> (f64, f64)) {
    for tick in vertical.ticks() {
        let (x, y) = place((horizontal.from, tick));
        let _ = write!(
            out,
            r##"<path d="M{x:.1} {y:.1}H{:.1}" stroke="#ddd"/>"##,
            WIDTH - 20.0
        );
        text(out, (x - 6.0, y + 4.0), "end", &short(tick));
    }
    for tick in horizontal.ticks() {
        let (x, y) = place((tick, vertical.from));
        let _ = write!(out, r##"<path d="M{x:.1} {y:.1}v4" stroke="#444"/>"##);
        text(out, (x, y + 18.0), "middle", &short(tick));
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 10_000_000.0 => format!("{:.0}M", value / 1_000_000.0),
        magnitude if magnitude >= 1_000_000.0 => format!("{:.1}M", value / 1_000_000.0),
        magnitude if magnitude >= 10_000.0 => format!("{:.0}k", value / 1_000.0),
        magnitude if magnitude >= 1_000.0 => format!("{:.1}k", value / 1_000.0),
        magnitude if magnitude < 1.0 && magnitude > 0.0 => format!("{value:.3}"),
        0.0 => "0".to_owned(),
        _ => number(value),
    }
}

fn open(height: f64) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" width="{WIDTH}" height="{height:.0}" role="img" font-family="sans-serif" font-size="12">"#
    )
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, content: &str) {
    let _ = write!(
        out,
        r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#,
        escape(content)
    );
}

/// Text that cannot be taken for markup.
#[must_use]
pub fn escape(content: &str) -> String {
    content
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values_and_the_wrong_one_is_hollow() {
        let plot = bars(&[
            ("a".to_owned(), vec![10.0, 20.0, 30.0], true),
            ("<b>".to_owned(), vec![60.0], false),
            ("absent".to_owned(), vec![], true),
        ]);
        let width = |index: usize| -> f64 {
            let rect = plot.split("<rect").nth(index).expect("a bar");
            let width = rect.split("width=\"").nth(1).expect("a width");
            width
                .split('"')
                .next()
                .expect("closed")
                .parse()
                .expect("a number")
        };
        assert!((width(2) / width(1) - 3.0).abs() < 0.01, "{plot}");
        assert!(plot.contains("fill=\"none\"") && plot.contains("wrong: 0"));
        assert!(plot.contains("&lt;b&gt;") && !plot.contains("<b>"));
        assert_eq!(bars(&[("a".to_owned(), vec![], true)]), "");
    }

    #[test]
    fn lines_bear_what_cannot_be_drawn() {
        let line = |points: &[(f64, f64)]| Line {
            label: "a".to_owned(),
            points: points.to_vec(),
        };
        let both = (Scale::Logarithmic, Scale::Logarithmic);
        let plot = lines(
            &[line(&[(10.0, 0.0), (100.0, 5.0), (1_000.0, f64::NAN)])],
            ("x", "y"),
            both,
        );
        assert_eq!(plot.matches("<circle").count(), 1, "{plot}");
        assert!(!plot.contains("NaN") && !plot.contains("inf"), "{plot}");
        assert_eq!(lines(&[line(&[])], ("x", "y"), both), "");
        let plot = lines(
            &[line(&[(1.0, 2.0), (2.0, 4.0)])],
            ("x", "y"),
            (Scale::Linear, Scale::Linear),
        );
        assert_eq!(plot.matches("<circle").count(), 2);
    }
}
