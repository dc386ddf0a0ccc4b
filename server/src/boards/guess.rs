//! What words of other programs mean here.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use weft_protocol::board::moment::Moment;
use weft_protocol::board::schema::{Category, Priority};

/// What a column of this title is probably for.
pub(super) fn category(title: &str) -> Category {
    let title = plain(title);
    let is = |words: &[&str]| words.iter().any(|word| title == *word);
    let has = |words: &[&str]| words.iter().any(|word| title.contains(word));
    if is(&["not started", "open", "new", "to do", "todo"]) {
        Category::Unstarted
    } else if is(&[
        "done",
        "closed",
        "complete",
        "completed",
        "resolved",
        "finished",
        "shipped",
        "released",
    ]) {
        Category::Completed
    } else if has(&["cancel", "won t", "wont", "rejected", "abandoned", "declined"]) {
        Category::Cancelled
    } else if has(&[
        "progress", "doing", "started", "review", "testing", "working", "verify",
    ]) {
        Category::Started
    } else if has(&["backlog", "icebox", "someday", "ideas", "later"]) {
        Category::Backlog
    } else {
        Category::Unstarted
    }
}

/// A priority by its name here or elsewhere, or by its rank from 0 to 4; `Some(None)` is none.
pub(super) fn priority(text: &str) -> Option<Option<Priority>> {
    Some(match plain(text).as_str() {
        "" | "none" | "0" | "no priority" => None,
        "low" | "lowest" | "minor" | "trivial" | "1" => Some(Priority::Low),
        "medium" | "normal" | "2" => Some(Priority::Medium),
        "high" | "major" | "3" => Some(Priority::High),
        "urgent" | "highest" | "critical" | "blocker" | "4" => Some(Priority::Urgent),
        _ => return None,
    })
}

/// A day, or a moment with any offset from UTC.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    /// Longer ones would only hold more digits of a second than anybody keeps.
    const MAX_BYTES: usize = 40;
    if let Ok(moment) = Moment::parse(text) {
        return Some(moment);
    }
    if text.len() > MAX_BYTES {
        return None;
    }
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .ok()?
        .to_offset(UtcOffset::UTC);
    let told = if time.millisecond() == 0 {
        time.format(format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second]Z"
        ))
    } else {
        time.format(format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        ))
    };
    Moment::parse(&told.ok()?).ok()
}

/// Lower-case words with one space between them.
pub(super) fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_tell_what_a_column_is_for() {
        for (title, category) in [
            ("Done", Category::Completed),
            ("CLOSED", Category::Completed),
            ("Undone", Category::Unstarted),
            ("Not started", Category::Unstarted),
            ("In-Progress", Category::Started),
            ("Code review", Category::Started),
            ("Won't fix", Category::Cancelled),
            ("Product backlog", Category::Backlog),
            ("To do", Category::Unstarted),
            ("", Category::Unstarted),
        ] {
            assert_eq!(super::category(title), category, "{title}");
        }
    }

    #[test]
    fn moments_are_told_in_utc() {
        for (text, told) in [
            ("2026-03-01", Some("2026-03-01")),
            ("2026-03-01T09:30:00Z", Some("2026-03-01T09:30:00Z")),
            ("2026-03-01T09:30:00+02:00", Some("2026-03-01T07:30:00Z")),
            ("2026-03-01T09:30:00.25-01:00", Some("2026-03-01T10:30:00.250Z")),
            ("2026-02-29", None),
            ("03/01/2026", None),
            ("2026-03-01T09:30", None),
            ("", None),
        ] {
            let found = moment(text);
            assert_eq!(found.as_ref().map(Moment::as_str), told, "{text}");
        }
    }

    #[test]
    fn priorities_have_many_names() {
        assert_eq!(priority("Highest"), Some(Some(Priority::Urgent)));
        assert_eq!(priority(" none "), Some(None));
        assert_eq!(priority("3"), Some(Some(Priority::High)));
        assert_eq!(priority("soon"), None);
    }
}
