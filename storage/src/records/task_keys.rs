//! What the tasks of a project are called by: `PROJ` in `PROJ-12`.
//!
//! Invariant: a key is unique in its workspace, also among projects in the trash, so that what people call a task names one.

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::tenant_sql;
use super::tenant::Tenant;

/// The longest key, in characters.
const LONGEST: usize = 10;
/// A key that is made from a name is no longer than this, but for a number behind it.
const MADE_LONGEST: usize = 4;
/// The key of a project whose name has nothing to make one from.
const FALLBACK: &str = "PROJ";

/// Whether `text` can be a key: 1 to 10 of `A-Z 0-9`, of which the first is a letter.
pub fn is_task_key(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A key from a name: the first letters of its words, or the start of the only one.
fn made_from(name: &str) -> String {
    let words: Vec<&str> = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let letters: String = match words[..] {
        [word] => word.to_owned(),
        _ => words.iter().filter_map(|word| word.chars().next()).collect(),
    };
    let letters = letters.trim_start_matches(|first: char| first.is_ascii_digit());
    let mut key: String = letters.chars().take(MADE_LONGEST).collect();
    key.make_ascii_uppercase();
    if key.len() < 2 { FALLBACK.to_owned() } else { key }
}

/// `key`, or with the smallest number behind it that makes it another than those in `taken`.
fn made_unique(key: String, taken: &[String]) -> String {
    let is_taken = |candidate: &str| taken.iter().any(|taken| taken == candidate);
    if !is_taken(&key) {
        return key;
    }
    // One more than there are taken ones: the search ends.
    let numbered = (2..taken.len() + 3).map(|number| format!("{key}{number}"));
    numbered
        .into_iter()
        .find(|candidate| !is_taken(candidate))
        .unwrap_or(key)
}

struct Key(String);

impl FromRow for Key {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("task_key").map(Self)
    }
}

impl Tenant<'_> {
    /// A key for a new project with this name. It stays free until the transaction ends: nobody else writes here.
    pub(super) async fn free_task_key(&mut self, name: &str) -> Result<String, RecordError> {
        let key = made_from(name);
        let sql = tenant_sql!("SELECT task_key FROM projects WHERE workspace_id = $1 AND task_key LIKE $2");
        let pattern = format!("{key}%");
        let taken: Vec<Key> = self.all(sql, vec![pattern.into()]).await?;
        let taken: Vec<String> = taken.into_iter().map(|key| key.0).collect();
        Ok(made_unique(key, &taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_names() {
        for (name, key) in [
            ("Project", "PROJ"),
            ("weft", "WEFT"),
            ("Apollo Moon Landing", "AML"),
            ("The Quick Brown Fox Jumps", "TQBF"),
            ("2026 roadmap", "PROJ"),
            ("42nd", "ND"),
            ("a", "PROJ"),
            ("Ü", "PROJ"),
            ("", "PROJ"),
            ("日本", "PROJ"),
        ] {
            assert_eq!(made_from(name), key, "{name:?}");
            assert!(is_task_key(&made_from(name)));
        }
    }

    #[test]
    fn a_taken_key_gets_the_first_free_number() {
        let taken = ["AB", "AB2", "AB4", "ABC"].map(str::to_owned);
        assert_eq!(made_unique("AB".to_owned(), &taken), "AB3");
        assert_eq!(made_unique("AC".to_owned(), &taken), "AC");
        let many: Vec<String> = std::iter::once("AB".to_owned())
            .chain((2..500).map(|number| format!("AB{number}")))
            .collect();
        assert_eq!(made_unique("AB".to_owned(), &many), "AB500");
    }

    #[test]
    fn a_key_has_a_form() {
        assert!(is_task_key("A") && is_task_key("A234567890"));
        for bad in ["", "1A", "ab", "A-B", "A2345678901", "Ä"] {
            assert!(!is_task_key(bad), "{bad:?}");
        }
    }
}
