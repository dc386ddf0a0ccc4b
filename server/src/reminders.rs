//! When reminders of tasks are due: dates of tasks in the time zone of whom to remind.
//!
//! A task that is due on a day, without a time, counts as due at nine in the morning of that day where its reader is;
//! so "a day before" is nine in the morning of the day before. Who has set no time zone is in UTC.
//!
//! Invariant: a time that a clock skips or shows twice is the one that people would take it for: skipped ones move behind
//! the gap, doubled ones are the first.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use weft_storage::records::{RecordError, Records, ReminderTime};

/// The hour at which a day's tasks are due.
const MORNING: i8 = 9;
/// How many reminders are worked out in one transaction.
const AT_ONCE: u32 = 500;
const MINUTE_MS: i64 = 60_000;

/// Where somebody with these preferences (JSON) is: their member `time_zone`, or UTC.
pub fn zone_of(preferences: &str) -> TimeZone {
    let preferences: Value = serde_json::from_str(preferences).unwrap_or_default();
    let name = preferences.get("time_zone").and_then(Value::as_str);
    name.and_then(|name| TimeZone::get(name).ok())
        .unwrap_or(TimeZone::UTC)
}

/// Whether `name` is a time zone of the IANA database.
pub fn is_zone(name: &str) -> bool {
    name.len() <= 64 && TimeZone::get(name).is_ok()
}

/// The day that it is at `now_ms` there, as `YYYY-MM-DD`.
pub fn today(now_ms: i64, zone: &TimeZone) -> String {
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned_datetime(zone.clone()).date().to_string()
}

/// The moment `now_ms` as tasks have it, `YYYY-MM-DDTHH:MM:SSZ`.
pub fn moment(now_ms: i64) -> String {
    let now = Timestamp::from_second(now_ms.div_euclid(1_000)).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_string()
}

/// When a reminder is due, in milliseconds since 1970, of a task that is due at `due`: a day or a moment as tasks have
/// it. `None` if it follows a date that is not there.
pub fn due_at_ms(time: ReminderTime, due: Option<&str>, zone: &TimeZone) -> Option<i64> {
    match time {
        ReminderTime::At(at) => Some(at),
        ReminderTime::MinutesBefore(minutes) => {
            let due = moment_of(due?, zone)?;
            Some(due.saturating_sub(minutes.saturating_mul(MINUTE_MS)))
        }
    }
}

fn moment_of(due: &str, zone: &TimeZone) -> Option<i64> {
    if due.len() > 10 {
        return due.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    }
    let day: Date = due.parse().ok()?;
    let morning = day.at(MORNING, 0, 0, 0).to_zoned_datetime(zone.clone()).ok()?;
    Some(morning.timestamp().as_millisecond())
}

/// Works out anew when those reminders are due whose task has got another date since `since_ms`, or whose reader another
/// time zone. How many there were. To be called before reminders are claimed.
///
/// # Errors
/// A failure of the database.
pub async fn bring_up_to_date(records: &Records, since_ms: i64, now_ms: i64) -> Result<u64, RecordError> {
    let mut all = 0;
    loop {
        let mut tx = records.write().await?;
        let stale = tx.stale_reminders(since_ms, AT_ONCE).await?;
        for found in &stale {
            let zone = zone_of(&found.preferences);
            let due = due_at_ms(found.reminder.time, found.due.as_deref(), &zone);
            let basis = found.due.as_deref().unwrap_or_default();
            let mut tenant = tx.workspace(found.reminder.workspace).await?;
            tenant
                .work_out_reminder(found.reminder.id, due, basis, now_ms)
                .await?;
        }
        tx.commit().await?;
        all += stale.len() as u64;
        if stale.len() < AT_ONCE as usize {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<i64> {
        Some(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn due(minutes: i64, due: &str, zone: &str) -> Option<i64> {
        let zone = zone_of(&format!("{{\"time_zone\":\"{zone}\"}}"));
        due_at_ms(ReminderTime::MinutesBefore(minutes), Some(due), &zone)
    }

    #[test]
    fn a_day_begins_where_its_reader_is() {
        for (minutes, date, zone, expected) in [
            (0, "2026-07-01", "Europe/Berlin", "2026-07-01T07:00:00Z"),
            (0, "2026-12-01", "Europe/Berlin", "2026-12-01T08:00:00Z"),
            (1440, "2026-12-01", "Pacific/Auckland", "2026-11-29T20:00:00Z"),
            (60, "2026-07-01", "nowhere", "2026-07-01T08:00:00Z"),
            (
                30,
                "2026-07-01T12:00:00Z",
                "Europe/Berlin",
                "2026-07-01T11:30:00Z",
            ),
            // Samoa had no 30 December in 2011.
            (0, "2011-12-30", "Pacific/Apia", "2011-12-30T19:00:00Z"),
        ] {
            assert_eq!(due(minutes, date, zone), at(expected), "{date} in {zone}");
        }
        assert_eq!(due(0, "soon", "Europe/Berlin"), None);
        assert_eq!(
            due_at_ms(ReminderTime::MinutesBefore(5), None, &TimeZone::UTC),
            None
        );
        assert_eq!(due_at_ms(ReminderTime::At(7), None, &TimeZone::UTC), Some(7));
    }

    #[test]
    fn zones_are_those_of_the_database() {
        for name in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC"] {
            assert!(is_zone(name), "{name}");
        }
        for name in ["", "Mars/Olympus", "Europe", "../etc/passwd", "+02:00"] {
            assert!(!is_zone(name), "{name}");
        }
    }

    #[test]
    fn today_is_another_day_elsewhere() {
        let night = at("2026-11-28T23:30:00Z").unwrap();
        assert_eq!(
            today(night, &TimeZone::get("Europe/Berlin").unwrap()),
            "2026-11-29"
        );
        assert_eq!(today(night, &TimeZone::UTC), "2026-11-28");
        assert_eq!(moment(night + 999), "2026-11-28T23:30:00Z");
    }
}
