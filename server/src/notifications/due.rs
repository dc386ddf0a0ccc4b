//! Who works on a task is told that it is due in a day and in an hour, and that it is overdue: by their own clock.
//!
//! Once a minute it is looked for moments that lie between the last time and now. A task that is due on a day counts as
//! due at nine in the morning of that day, as for reminders, and as overdue at nine of the next. Invariant: one date of a
//! task is told to one person once in each stage, whichever nodes look; the time up to which it was looked moves when
//! all that lies before it was told. A date that moves is another date; what was already past when a date was set is
//! not told.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;
use weft_storage::records::{DueTask, RecordError, ReminderTime};

use super::follow::tell;
use super::rules::about_topic;
use super::{Kind, Notifier};
use crate::reminders::{due_at_ms, zone_of};

/// Under which name it is stored up to when it was looked, in milliseconds since 1970.
const LOOKED: &str = "due-looked-at";
/// How often it is looked, in milliseconds.
const EVERY_MS: i64 = 60_000;
/// How far back it is looked after nobody has for long, in milliseconds: a day.
const FARTHEST_MS: i64 = 24 * 60 * 60 * 1_000;
/// How many tasks are read at once.
const AT_ONCE: u32 = 500;

/// What is told of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Day,
    Hour,
    Over,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Day, Self::Hour, Self::Over];

    /// Its name in rows.
    fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Over => "over",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Day | Self::Hour => Kind::DueSoon,
            Self::Over => Kind::Overdue,
        }
    }

    /// When it is told that something is due at `due`, in milliseconds since 1970.
    fn moment_ms(self, due: &str, zone: &TimeZone) -> Option<i64> {
        let before = |minutes, due: &str| due_at_ms(ReminderTime::MinutesBefore(minutes), Some(due), zone);
        match self {
            // A day before by the clock, also when that has an hour more or less.
            Self::Day if due.len() == 10 => before(0, &next_day(due, -1)?),
            Self::Day => before(24 * 60, due),
            Self::Hour => before(60, due),
            Self::Over if due.len() == 10 => before(0, &next_day(due, 1)?),
            Self::Over => before(0, due),
        }
    }
}

fn next_day(day: &str, days: i64) -> Option<String> {
    let day: Date = day.parse().ok()?;
    Some(day.checked_add(days.days()).ok()?.to_string())
}

/// The last stage of a date that lies behind `after_ms` and not behind `until_ms`.
fn stage_of(due: &str, zone: &TimeZone, (after_ms, until_ms): (i64, i64)) -> Option<Stage> {
    let is_now = |stage: &Stage| {
        let moment = stage.moment_ms(due, zone);
        moment.is_some_and(|moment| after_ms < moment && moment <= until_ms)
    };
    Stage::ALL.into_iter().rev().find(is_now)
}

impl Notifier {
    /// Tells of dates that came near or passed since it was last looked, if that is a minute ago.
    pub(super) async fn tell_dates(&self, now_ms: i64) -> Result<(), RecordError> {
        let mut tx = self.records.read().await?;
        let looked = tx.server_value(LOOKED).await?;
        drop(tx);
        let looked = looked
            .and_then(|bytes| bytes.try_into().ok())
            .map(i64::from_be_bytes);
        if looked.is_some_and(|looked| now_ms < looked + EVERY_MS) {
            return Ok(());
        }
        // Of what came to pass before anybody looked, nobody is told.
        if let Some(looked) = looked {
            self.tell_dates_between(looked.max(now_ms - FARTHEST_MS), now_ms)
                .await?;
        }
        let mut tx = self.records.write().await?;
        tx.set_server_value(LOOKED, &now_ms.to_be_bytes()).await?;
        tx.commit().await
    }

    async fn tell_dates_between(&self, after_ms: i64, now_ms: i64) -> Result<(), RecordError> {
        // With a day for the zones, and one for the stages.
        let (Some(first), Some(end)) = (day_of(after_ms, -3), day_of(now_ms, 4)) else {
            return Ok(());
        };
        let mut zones: HashMap<Uuid, TimeZone> = HashMap::new();
        let mut last: Option<DueTask> = None;
        loop {
            let mut tx = self.records.read().await?;
            let after = last.as_ref().map(|last| (last.task_id, last.assignee.as_str()));
            let page = tx.due_tasks((&first, &end), after, AT_ONCE).await?;
            let mut coming = Vec::new();
            for task in &page {
                let Ok(user) = task.assignee.parse::<Uuid>() else {
                    continue;
                };
                let zone = match zones.entry(user) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let account = tx.user(user).await?;
                        new.insert(account.map_or(TimeZone::UTC, |account| zone_of(&account.preferences)))
                    }
                };
                if let Some(stage) = stage_of(&task.due, zone, (after_ms, now_ms)) {
                    coming.push((task, user, stage));
                }
            }
            drop(tx);
            for (task, user, stage) in coming {
                self.tell_date(task, user, stage, now_ms).await?;
            }
            let is_last = page.len() < AT_ONCE as usize;
            last = page.into_iter().last();
            if is_last {
                return Ok(());
            }
        }
    }

    async fn tell_date(
        &self,
        task: &DueTask,
        user: Uuid,
        stage: Stage,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(task.workspace).await?;
        if tenant.member(user).await?.is_none() {
            return Ok(());
        }
        let is_first = tenant
            .claim_due_notice((task.task_id, &task.due), user, stage.as_str(), now_ms)
            .await?;
        if !is_first {
            return Ok(());
        }
        let document = tenant.document(task.document_id).await?;
        let project = document.map(|document| document.project_id);
        let about = about_topic(task.document_id, Some(task.task_id), project);
        let whom = (user, stage.kind());
        if let Some(row) = tell(self.ways, &mut tenant, &about, whom, (None, None), now_ms).await? {
            tenant.settle_notifications(user, &[row]).await?;
        }
        tx.commit().await?;
        self.ring();
        Ok(())
    }
}

fn day_of(ms: i64, days: i64) -> Option<String> {
    let day = Timestamp::from_millisecond(ms)
        .ok()?
        .to_zoned_datetime(TimeZone::UTC)
        .date();
    Some(day.checked_add(days.days()).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn dates_are_told_by_the_clock_of_whoever_works_on_them() {
        for (due, zone, moments) in [
            (
                "2026-07-01T12:00:00Z",
                "Europe/Berlin",
                [
                    "2026-06-30T12:00:00Z",
                    "2026-07-01T11:00:00Z",
                    "2026-07-01T12:00:00Z",
                ],
            ),
            (
                "2026-07-01",
                "Europe/Berlin",
                [
                    "2026-06-30T07:00:00Z",
                    "2026-07-01T06:00:00Z",
                    "2026-07-02T07:00:00Z",
                ],
            ),
            (
                "2026-07-01",
                "Pacific/Auckland",
                [
                    "2026-06-29T21:00:00Z",
                    "2026-06-30T20:00:00Z",
                    "2026-07-01T21:00:00Z",
                ],
            ),
            // The clock goes forward on 29 March and back on 25 October: nine stays nine.
            (
                "2026-03-29",
                "Europe/Berlin",
                [
                    "2026-03-28T08:00:00Z",
                    "2026-03-29T06:00:00Z",
                    "2026-03-30T07:00:00Z",
                ],
            ),
            (
                "2026-10-25",
                "Europe/Berlin",
                [
                    "2026-10-24T07:00:00Z",
                    "2026-10-25T07:00:00Z",
                    "2026-10-26T08:00:00Z",
                ],
            ),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            for (stage, moment) in Stage::ALL.into_iter().zip(moments) {
                let moment = at(moment);
                assert_eq!(stage.moment_ms(due, &zone), Some(moment), "{due} {stage:?}");
                assert_eq!(stage_of(due, &zone, (moment - 1, moment)), Some(stage));
                assert_eq!(stage_of(due, &zone, (moment, moment + 60_000)), None);
            }
        }
    }

    #[test]
    fn after_a_long_time_the_last_stage_alone_is_told() {
        let (due, zone) = ("2026-07-01T12:00:00Z", TimeZone::UTC);
        let between = |from: &str, to: &str| stage_of(due, &zone, (at(from), at(to)));
        assert_eq!(
            between("2026-06-29T00:00:00Z", "2026-07-03T00:00:00Z"),
            Some(Stage::Over)
        );
        assert_eq!(
            between("2026-06-29T00:00:00Z", "2026-07-01T11:30:00Z"),
            Some(Stage::Hour)
        );
        for strange in ["", "soon", "2026-13-40", "9999-12-31"] {
            assert_eq!(
                stage_of(strange, &zone, (0, at("2026-07-01T12:00:00Z"))),
                None,
                "{strange}"
            );
        }
    }
}
