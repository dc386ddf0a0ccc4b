//! Texts as the rows hold them, whatever the document has.
//!
//! Invariant: what is stored is the same on both databases. Postgres refuses NUL, so it is replaced everywhere; an id that
//! is empty, or could not be told from two in a list of ids, is left out: no id of a document is like that.

/// How many characters of a title are searched and sorted by.
const KEY_CHARACTERS: usize = 500;

/// `text` without NUL.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A title or name as it is searched and sorted: without the difference of capitals, and bounded, so that an index takes
/// it.
pub(crate) fn title_key(title: &str) -> String {
    let key = clean(title).to_lowercase();
    match key.char_indices().nth(KEY_CHARACTERS) {
        Some((end, _)) => key[..end].to_owned(),
        None => key,
    }
}

/// The ids of a list that are stored, each once.
pub(super) fn sound(ids: &[String]) -> Vec<&str> {
    let mut sound: Vec<&str> = Vec::with_capacity(ids.len());
    let mut seen = std::collections::HashSet::with_capacity(ids.len());
    for id in ids {
        if is_sound(id) && seen.insert(id.as_str()) {
            sound.push(id);
        }
    }
    sound
}

/// Whether an id can be stored.
pub(super) fn is_sound(id: &str) -> bool {
    !id.is_empty() && !id.contains([',', '\0'])
}

/// The ids in a text that holds them between commas.
pub(crate) fn separate(text: &str) -> Vec<String> {
    let ids = text.split(',').filter(|id| !id.is_empty());
    ids.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_stored_is_replaced_or_left_out() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        let ids = ["b", "", "a", "a,b", "b", "x\0"].map(str::to_owned);
        assert_eq!(sound(&ids), ["b", "a"]);
        assert_eq!(separate(&sound(&ids).join(",")), ["b", "a"]);
        assert!(separate("").is_empty());
    }

    #[test]
    fn keys_are_bounded() {
        assert_eq!(title_key("ÄB\0"), "äb\u{fffd}");
        // Some letters become longer when they become small.
        let key = title_key(&"İ".repeat(2000));
        assert_eq!(key.chars().count(), KEY_CHARACTERS);
    }
}
