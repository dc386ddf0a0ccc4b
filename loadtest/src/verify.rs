//! The check after every run: a fast wrong server scores zero.
//!
//! Invariant: judged is what a fresh client loads and what sampled members received, put together by a real CRDT; each
//! sent edit must be there exactly once and nothing else may be. It must never take the server's word for anything.

use std::collections::HashMap;

use bytes::Bytes;

use crate::connection::{Connection, ConnectionError};
use crate::marker::{MARKER_LEN, scan};
use crate::replica::{Replica, ReplicaError};
use crate::target::Target;

/// What should be in one document, and what some members have of it.
#[derive(Debug)]
pub struct Room<'a> {
    /// Its name.
    pub document: &'a str,
    /// How many edits each writer sent.
    pub written: HashMap<u16, u32>,
    /// What each edit is filled up with, in bytes.
    pub padding: usize,
    /// Who claims to have it, and the updates it is made of.
    pub replicas: Vec<(String, &'a [Bytes])>,
}

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// What was received makes no document.
    #[error("{who}: {error}")]
    Replica {
        /// Whose replica.
        who: String,
        /// What is wrong with it.
        error: ReplicaError,
    },
    /// Edits are missing, doubled, or not of this run, or there is too much or too little beside them.
    #[error("{who} holds {found} of {sent} edits, {wrong} doubled or foreign, {stray_bytes} stray bytes")]
    Edits {
        /// Whose replica.
        who: String,
        /// Different edits found.
        found: usize,
        /// Edits sent.
        sent: usize,
        /// Edits that should not be there.
        wrong: usize,
        /// Text that should not be there, or that is missing from edits.
        stray_bytes: usize,
    },
    /// Two replicas have the same edits in another order.
    #[error("{who} differs from the first replica")]
    Diverged {
        /// Whose replica.
        who: String,
    },
}

/// Checks that every replica of a document holds each edit once, and that all are equal.
///
/// # Errors
/// The first thing found wrong.
pub fn check_room(room: &Room<'_>) -> Result<(), ContentError> {
    let mut first = None;
    for (who, updates) in &room.replicas {
        let text = check_text(who.clone(), updates, &room.written, room.padding)?;
        if first.get_or_insert_with(|| text.clone()) != &text {
            return Err(ContentError::Diverged { who: who.clone() });
        }
    }
    Ok(())
}

/// What a client that was never there before gets of a document that was written to.
///
/// # Errors
/// If the server does not deliver it.
pub async fn load(target: &Target, document: &str) -> Result<Vec<Bytes>, ConnectionError> {
    let mut connection = Connection::open(target, document).await?;
    let (state, _) = connection.loaded().await?;
    connection.close().await;
    Ok(state)
}

/// The text of a replica in which every written edit stands exactly once.
fn check_text(
    who: String,
    updates: &[Bytes],
    written: &HashMap<u16, u32>,
    padding: usize,
) -> Result<String, ContentError> {
    let text = match Replica::from_updates(updates) {
        Ok(replica) => replica.text(),
        Err(error) => return Err(ContentError::Replica { who, error }),
    };
    let mut missing: HashMap<u16, Vec<bool>> = written
        .iter()
        .map(|(writer, sent)| (*writer, vec![true; *sent as usize]))
        .collect();
    let (mut found, mut wrong) = (0, 0);
    for marker in scan(text.as_bytes()) {
        let place = missing
            .get_mut(&marker.writer)
            .and_then(|edits| edits.get_mut(marker.sequence as usize));
        match place {
            Some(place) if *place => {
                *place = false;
                found += 1;
            }
            _ => wrong += 1,
        }
    }
    let sent = written.values().map(|sent| *sent as usize).sum::<usize>();
    let stray_bytes = (text.len() - (found + wrong) * MARKER_LEN).abs_diff(sent * padding);
    if found == sent && wrong == 0 && stray_bytes == 0 {
        Ok(text)
    } else {
        Err(ContentError::Edits {
            who,
            found,
            sent,
            wrong,
            stray_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marker::Marker;
    use crate::writer::Writer;

    fn updates(sequences: &[u32]) -> Vec<Bytes> {
        let mut writer = Writer::new(5);
        let markers = sequences.iter().map(|&sequence| Marker {
            writer: 0,
            sequence,
            sent_us: 0,
        });
        markers
            .map(|marker| writer.append(&marker.encode()).into())
            .collect()
    }

    #[test]
    fn only_a_document_with_each_edit_exactly_once_passes() {
        let written = HashMap::from([(0, 3)]);
        let check = |updates: &[Bytes]| check_text("it".to_owned(), updates, &written, 0);
        assert!(check(&updates(&[0, 1, 2])).is_ok());
        assert!(
            matches!(
                check(&updates(&[0, 1])),
                Err(ContentError::Edits { found: 2, .. })
            ),
            "one is lost"
        );
        assert!(matches!(
            check(&updates(&[0, 1, 1, 2])),
            Err(ContentError::Edits { wrong: 1, .. })
        ));
        assert!(matches!(
            check(&updates(&[0, 1, 2, 3])),
            Err(ContentError::Edits { wrong: 1, .. })
        ));
        let gap = [updates(&[0, 1, 2])[0].clone(), updates(&[0, 1, 2])[2].clone()];
        assert!(
            matches!(check(&gap), Err(ContentError::Replica { .. })),
            "the middle one never came"
        );
    }
}
