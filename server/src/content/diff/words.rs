//! How one text becomes another: word by word, and inside a replaced word letter by letter from both ends.

use super::common;

/// A step on the way from an old text to a new one. Lengths are bytes of UTF-8, at character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// This much is in both.
    Keep(usize),
    /// This much of the new text comes here.
    Insert(usize),
    /// This much of the old text goes.
    Delete(usize),
}

/// The steps from `old` to `new`. Where something is replaced, the new comes first.
pub(crate) fn edits(old: &str, new: &str) -> Vec<Edit> {
    if old == new {
        return if old.is_empty() {
            Vec::new()
        } else {
            vec![Edit::Keep(old.len())]
        };
    }
    let (old_words, new_words) = (words(old), words(new));
    let mut edits = Edits::default();
    let (mut old_at, mut new_at) = (0, 0);
    let (mut old_word, mut new_word) = (0, 0);
    for (x, y) in common(&old_words, &new_words) {
        let (old_end, new_end) = (
            old_at + length(&old_words[old_word..x]),
            new_at + length(&new_words[new_word..y]),
        );
        edits.replace(&old[old_at..old_end], &new[new_at..new_end]);
        edits.keep(old_words[x].len());
        (old_at, new_at) = (old_end + old_words[x].len(), new_end + new_words[y].len());
        (old_word, new_word) = (x + 1, y + 1);
    }
    edits.replace(&old[old_at..], &new[new_at..]);
    edits.0
}

#[derive(Default)]
struct Edits(Vec<Edit>);

impl Edits {
    fn keep(&mut self, length: usize) {
        match self.0.last_mut() {
            _ if length == 0 => {}
            Some(Edit::Keep(before)) => *before += length,
            _ => self.0.push(Edit::Keep(length)),
        }
    }

    fn replace(&mut self, old: &str, new: &str) {
        let prefix = shared(old.chars(), new.chars());
        let (old, new) = (&old[prefix..], &new[prefix..]);
        let suffix = shared(old.chars().rev(), new.chars().rev());
        self.keep(prefix);
        if new.len() > suffix {
            self.0.push(Edit::Insert(new.len() - suffix));
        }
        if old.len() > suffix {
            self.0.push(Edit::Delete(old.len() - suffix));
        }
        self.keep(suffix);
    }
}

/// How many bytes the characters have that both begin with.
fn shared(old: impl Iterator<Item = char>, new: impl Iterator<Item = char>) -> usize {
    old.zip(new)
        .take_while(|(old, new)| old == new)
        .map(|(old, _)| old.len_utf8())
        .sum()
}

fn length(words: &[&str]) -> usize {
    words.iter().map(|word| word.len()).sum()
}

/// Words, blanks between them, and every other character for itself.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    fn apply(old: &str, new: &str, edits: &[Edit]) -> String {
        let (mut result, mut old_at, mut new_at) = (String::new(), 0, 0);
        for edit in edits {
            match *edit {
                Edit::Keep(length) => {
                    assert_eq!(old[old_at..old_at + length], new[new_at..new_at + length]);
                    result.push_str(&old[old_at..old_at + length]);
                    old_at += length;
                    new_at += length;
                }
                Edit::Insert(length) => {
                    result.push_str(&new[new_at..new_at + length]);
                    new_at += length;
                }
                Edit::Delete(length) => old_at += length,
            }
        }
        assert_eq!((old_at, new_at), (old.len(), new.len()));
        result
    }

    #[test]
    fn steps_lead_from_one_text_to_the_other() {
        let seed = rand::rng().random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let parts = ["a", "bc", " ", " ", "é", "👩‍👩‍👧", "𝒳y", ".", "\n", "word"];
        for _ in 0..3000 {
            let mut text = || {
                let length = random.random_range(0..12);
                (0..length)
                    .map(|_| parts[random.random_range(0..parts.len())])
                    .collect::<String>()
            };
            let (old, new) = (text(), text());
            assert_eq!(apply(&old, &new, &edits(&old, &new)), new, "{old:?}");
        }
    }

    #[test]
    fn one_letter_is_one_letter() {
        let steps = edits("the quick brown fox", "the quack brown fox");
        assert_eq!(
            steps,
            [Edit::Keep(6), Edit::Insert(1), Edit::Delete(1), Edit::Keep(12)]
        );
    }
}
