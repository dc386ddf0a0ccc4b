//! The breaking point: the load is doubled until it is too slow or wrong, then the place between is narrowed down.
//!
//! Invariant: a load counts as held only if every edit arrived and the 99th percentile stayed below the limit. Where
//! the load generator itself was at its limit, that is said: the server may hold more.

use crate::cli::{Breakable, BreakingPoint, Common, Fanout, HotRoom, Presence};
use crate::report::{Outcome, Report};
use crate::scenario::run;

/// From this share of its core on, the load generator measures itself.
const GENERATOR_LIMIT_PERCENT: f64 = 85.0;
/// No load is doubled more often than this.
const MOST_DOUBLINGS: u32 = 12;

/// What a search found for one target.
#[derive(Clone, Debug)]
pub struct Found {
    /// The target.
    pub label: String,
    /// The most that was held, as rooms or clients; `None` if not even the first load was.
    pub held: Option<usize>,
    /// Deliveries per second at that load.
    pub per_second: Option<f64>,
    /// The 99th percentile there, in milliseconds.
    pub p99_ms: Option<f64>,
    /// The server's CPU there, as a percentage of one core.
    pub cpu_percent: Option<f64>,
    /// Why the next load was not held.
    pub broke: String,
}

/// How one load went.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Everything arrived in time.
    Held,
    /// It did not, for this reason.
    Broke(String),
}

/// Judges one outcome.
#[must_use]
pub fn judge(outcome: &Outcome, limit_ms: f64) -> Verdict {
    if let Some(problem) = outcome.problems.first() {
        return Verdict::Broke(format!("content: {problem}"));
    }
    let own = outcome.value("load generator CPU %").unwrap_or(0.0);
    match outcome.value("latency ms p99") {
        None => Verdict::Broke("nothing arrived".to_owned()),
        Some(p99) if p99 <= limit_ms => Verdict::Held,
        Some(p99) if own >= GENERATOR_LIMIT_PERCENT => Verdict::Broke(format!(
            "p99 {p99:.0} ms, but the load generator used {own:.0} % of its core: the server may hold more"
        )),
        Some(p99) => Verdict::Broke(format!("p99 {p99:.0} ms")),
    }
}

/// The largest load between `from` and where it breaks that `try_load` holds, and why the next did not.
///
/// # Errors
/// Those of `try_load`.
pub async fn narrow<F: Future<Output = anyhow::Result<Verdict>>>(
    from: usize,
    refinements: u32,
    mut try_load: impl FnMut(usize) -> F,
) -> anyhow::Result<(Option<usize>, String)> {
    let (mut held, mut next, mut broke) = (None, from.max(1), None);
    for _ in 0..MOST_DOUBLINGS {
        match try_load(next).await? {
            Verdict::Held => held = Some(next),
            Verdict::Broke(why) => {
                broke = Some((next, why));
                break;
            }
        }
        next *= 2;
    }
    let Some((mut too_much, mut why)) = broke else {
        return Ok((held, "it did not break".to_owned()));
    };
    for _ in 0..refinements {
        let Some(least) = held.filter(|least| too_much - least > 1) else {
            break;
        };
        let middle = usize::midpoint(least, too_much);
        match try_load(middle).await? {
            Verdict::Held => held = Some(middle),
            Verdict::Broke(reason) => (too_much, why) = (middle, reason),
        }
    }
    Ok((held, format!("{too_much}: {why}")))
}

/// Looks for the breaking point of every target, one after another.
///
/// # Errors
/// As [`run`].
pub async fn search(search: &BreakingPoint) -> anyhow::Result<Vec<Found>> {
    let mut all = Vec::new();
    let targets = search.common.targets()?;
    for target in &targets {
        let common = only(&search.common, &target.label);
        let mut outcomes: Vec<(usize, Outcome)> = Vec::new();
        let from = search.from.unwrap_or(match search.of {
            Breakable::Fanout => 50,
            Breakable::HotRoom => 50,
            Breakable::Presence => 125,
        });
        let tried = std::cell::RefCell::new(&mut outcomes);
        let (held, broke) = narrow(from, search.refinements, |amount| {
            let (common, tried) = (common.clone(), &tried);
            async move {
                // A load that does not fit on this machine is the end, not an error.
                let report = match load(search.of, common, &target.label, amount).await {
                    Ok(report) => report,
                    Err(error) => return Ok(Verdict::Broke(format!("{error:#}"))),
                };
                let Some(entry) = report.entries.into_iter().next() else {
                    return Ok(Verdict::Broke("nothing ran".to_owned()));
                };
                let verdict = judge(&entry.outcome, search.limit_ms);
                tried.borrow_mut().push((amount, entry.outcome));
                Ok(verdict)
            }
        })
        .await?;
        let at = outcomes.iter().find(|(amount, _)| Some(*amount) == held);
        let value = |names: &[&str]| names.iter().find_map(|name| at?.1.value(name));
        all.push(Found {
            label: target.label.clone(),
            held,
            per_second: value(&[
                "deliveries per second",
                "edits seen per second",
                "states seen per second",
            ]),
            p99_ms: value(&["latency ms p99"]),
            cpu_percent: value(&["server CPU %"]),
            broke,
        });
    }
    Ok(all)
}

/// The findings as rows of a table, the head first.
#[must_use]
pub fn rows(of: Breakable, found: &[Found]) -> Vec<Vec<String>> {
    use crate::report::table::number;
    let unit = match of {
        Breakable::Fanout => "rooms held",
        Breakable::HotRoom | Breakable::Presence => "clients held",
    };
    let head = [
        "breaking point",
        unit,
        "seen per second",
        "p99 ms",
        "server CPU %",
        "broke at",
    ];
    let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), number);
    let row = |found: &Found| {
        vec![
            found.label.clone(),
            found.held.map_or_else(|| "–".to_owned(), |held| held.to_string()),
            cell(found.per_second),
            cell(found.p99_ms),
            cell(found.cpu_percent),
            found.broke.clone(),
        ]
    };
    std::iter::once(head.map(str::to_owned).to_vec())
        .chain(found.iter().map(row))
        .collect()
}

/// The same arguments for one target alone.
fn only(common: &Common, label: &str) -> Common {
    let mut only = common.clone();
    only.rounds = 1;
    let own = format!("{label}=");
    only.starts.retain(|start| start.starts_with(&own));
    only.pids.retain(|pid| pid.starts_with(&own));
    only
}

async fn load(of: Breakable, mut common: Common, label: &str, amount: usize) -> anyhow::Result<Report> {
    common.only = Some(label.to_owned());
    match of {
        Breakable::Fanout => {
            let fanout = Fanout {
                common,
                rooms: amount,
                per_room: 20,
                writers: 1,
                rate: 5.0,
                padding: 0,
            };
            run(&fanout).await
        }
        Breakable::HotRoom => {
            let hot_room = HotRoom {
                common,
                clients: amount,
                writers: None,
                rate: 5.0,
                presence: 1.0,
            };
            run(&hot_room).await
        }
        Breakable::Presence => {
            let presence = Presence {
                common,
                clients: amount,
                presenters: None,
                rate: 1.0,
            };
            run(&presence).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn breaks_above(limit: usize, from: usize, refinements: u32) -> (Option<usize>, String) {
        let verdict = |amount| async move {
            Ok(if amount <= limit {
                Verdict::Held
            } else {
                Verdict::Broke("p99".to_owned())
            })
        };
        narrow(from, refinements, verdict).await.expect("it never fails")
    }

    #[tokio::test]
    async fn the_place_is_found_by_doubling_and_halving() {
        assert_eq!(breaks_above(100, 10, 0).await, (Some(80), "160: p99".to_owned()));
        assert_eq!(breaks_above(100, 10, 2).await, (Some(100), "120: p99".to_owned()));
        assert_eq!(
            breaks_above(100, 10, 20).await,
            (Some(100), "101: p99".to_owned())
        );
        assert_eq!(breaks_above(5, 10, 2).await, (None, "10: p99".to_owned()));
        let (held, why) = breaks_above(usize::MAX, 1, 2).await;
        assert_eq!((held, why.as_str()), (Some(2_048), "it did not break"));
    }

    #[test]
    fn a_wrong_server_holds_nothing_and_a_busy_generator_is_told() {
        let outcome = |p99: Option<f64>, own: f64, problems: &[&str]| {
            let mut outcome = Outcome::default();
            outcome.cost("latency ms p99", p99);
            outcome.tell("load generator CPU %", own);
            outcome.problems = problems.iter().map(|problem| (*problem).to_owned()).collect();
            outcome
        };
        assert_eq!(judge(&outcome(Some(249.0), 10.0, &[]), 250.0), Verdict::Held);
        let broke = |outcome: &Outcome| match judge(outcome, 250.0) {
            Verdict::Broke(why) => why,
            Verdict::Held => "held".to_owned(),
        };
        assert!(broke(&outcome(Some(1.0), 10.0, &["lost"])).contains("lost"));
        assert_eq!(broke(&outcome(Some(251.0), 10.0, &[])), "p99 251 ms");
        assert!(broke(&outcome(Some(251.0), 99.0, &[])).contains("may hold more"));
        assert!(broke(&outcome(None, 10.0, &[])).contains("nothing arrived"));
    }
}
