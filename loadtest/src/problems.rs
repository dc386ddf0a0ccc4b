//! What a server did wrong, told briefly: a thousand members may meet the same problem.
//!
//! Invariant: a problem that was noted never disappears altogether; only repetitions are shortened to a count.

/// Details told of each kind.
const TOLD_OF_EACH_KIND: usize = 3;

/// The problems of one round.
#[derive(Debug, Default)]
pub struct Problems {
    kinds: Vec<Kind>,
}

#[derive(Debug)]
struct Kind {
    name: &'static str,
    told: Vec<String>,
    count: usize,
}

impl Problems {
    /// Adds a problem of a kind.
    pub fn note(&mut self, name: &'static str, detail: &str) {
        let known = self.kinds.iter().position(|kind| kind.name == name);
        let index = known.unwrap_or_else(|| {
            self.kinds.push(Kind {
                name,
                told: Vec::new(),
                count: 0,
            });
            self.kinds.len() - 1
        });
        let kind = &mut self.kinds[index];
        kind.count += 1;
        if kind.told.len() < TOLD_OF_EACH_KIND {
            kind.told.push(format!("{name}: {detail}"));
        }
    }

    /// The first problems of each kind, and how many more there were.
    #[must_use]
    pub fn into_list(self) -> Vec<String> {
        let mut list = Vec::new();
        for kind in self.kinds {
            let more = kind.count - kind.told.len();
            list.extend(kind.told);
            if more > 0 {
                list.push(format!("{}: and {more} more", kind.name));
            }
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_shortened_but_not_lost() {
        let mut problems = Problems::default();
        (0..5).for_each(|index| problems.note("cut off", &format!("client {index}")));
        problems.note("content", "differs");
        let list = problems.into_list();
        assert_eq!(list.len(), 5);
        assert_eq!(list[3..], ["cut off: and 2 more", "content: differs"]);
    }
}
