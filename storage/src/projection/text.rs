//! Texts as the rows hold them, whatever the document has.
//!
//! Invariant: what is stored is the same on both databases. Postgres refuses NUL, so it is replaced everywhere.

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

/// Ids as one text. An id that could not be told from two is left out: no id of a document is like that.
pub(super) fn together(ids: &[String]) -> String {
    let sound: Vec<&str> = ids.iter().map(String::as_str).filter(|id| is_sound(id)).collect();
    sound.join(",")
}

/// The ids in a text of [`together`].
pub(crate) fn separate(text: &str) -> Vec<String> {
    text.split(',')
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_sound(id: &str) -> bool {
    !id.is_empty() && !id.contains([',', '\0'])
}
