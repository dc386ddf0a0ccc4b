//! Decides, before anything is written, which appends of a batch fit and what their commit must write.
//!
//! Pure: heads in, rows out. Invariant: an append is taken whole or refused whole, and refusing one never changes
//! what the others get.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::{MAX_AUTHOR_BYTES, MAX_UPDATE_BYTES};
use crate::error::StorageError;
use crate::model::{Append, DocumentId, NewUpdate, Seq, WorkspaceId};
use crate::projection::limits;

/// What the database knows about a document of the batch.
#[derive(Debug, Clone)]
pub(crate) struct KnownDocument {
    pub(crate) workspace: WorkspaceId,
    pub(crate) head: Seq,
    pub(crate) quarantine: Option<Arc<str>>,
}

/// One row of the log to write.
#[derive(Debug)]
pub(crate) struct PlannedRow<'a> {
    pub(crate) append: &'a Append,
    pub(crate) seq: Seq,
    pub(crate) update: &'a NewUpdate,
}

/// The plan of one group commit.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    appends: &'a [Append],
    answers: Vec<Result<Seq, StorageError>>,
    places: HashMap<DocumentId, Place<'a>>,
}

#[derive(Debug)]
struct Place<'a> {
    workspace: WorkspaceId,
    start: Seq,
    head: Seq,
    quarantine: Option<Arc<str>>,
    /// The first accepted append, when the document does not exist yet.
    creator: Option<&'a Append>,
    exists: bool,
}

impl<'a> Plan<'a> {
    /// Checks `appends` in order against what is `known` of their documents.
    pub(crate) fn new(appends: &'a [Append], known: HashMap<DocumentId, KnownDocument>) -> Self {
        let places = known
            .into_iter()
            .map(|(id, document)| (id, Place::existing(document)))
            .collect::<HashMap<_, _>>();
        let mut plan = Self {
            appends,
            answers: Vec::with_capacity(appends.len()),
            places,
        };
        for append in appends {
            let answer = plan.take(append);
            plan.answers.push(answer);
        }
        plan
    }

    fn take(&mut self, append: &'a Append) -> Result<Seq, StorageError> {
        check_limits(append)?;
        let place = self
            .places
            .entry(append.document)
            .or_insert_with(|| Place::absent(append.workspace));
        if let Some(reason) = &place.quarantine {
            return Err(StorageError::Quarantined {
                document: append.document,
                reason: Arc::clone(reason),
            });
        }
        if place.workspace != append.workspace || place.head != append.expected_head {
            return Err(StorageError::Conflict { head: place.head });
        }
        if !place.exists && place.creator.is_none() && !append.updates.is_empty() {
            place.creator = Some(append);
        }
        place.head = place.head.plus(append.updates.len());
        Ok(place.head)
    }

    /// Documents to create: the append that creates them and the head they get.
    pub(crate) fn created(&self) -> Vec<(&'a Append, Seq)> {
        self.places
            .values()
            .filter_map(|place| place.creator.map(|append| (append, place.head)))
            .collect()
    }

    /// Existing documents whose head moves, and where to.
    pub(crate) fn advanced(&self) -> Vec<(DocumentId, Seq)> {
        let moved = self
            .places
            .iter()
            .filter(|(_, place)| place.exists && place.head != place.start);
        moved.map(|(id, place)| (*id, place.head)).collect()
    }

    /// Refuses every append of a document that could not be created, because its name has `head` under another id.
    pub(crate) fn name_is_taken(&mut self, document: DocumentId, head: Seq) {
        self.places.remove(&document);
        for (append, answer) in self.appends.iter().zip(&mut self.answers) {
            if append.document == document {
                *answer = Err(StorageError::Conflict { head });
            }
        }
    }

    /// The log rows to write.
    pub(crate) fn rows(&self) -> Vec<PlannedRow<'a>> {
        let accepted = self
            .appends
            .iter()
            .zip(&self.answers)
            .filter(|(_, answer)| answer.is_ok());
        let numbered = accepted.flat_map(|(append, _)| {
            let updates = append.updates.iter().enumerate();
            updates.map(move |(index, update)| PlannedRow {
                append,
                seq: append.expected_head.plus(index + 1),
                update,
            })
        });
        numbered.collect()
    }

    /// The accepted appends that change something beside the log.
    pub(crate) fn projected(&self) -> Vec<&'a Append> {
        let accepted = self.appends.iter().zip(&self.answers);
        accepted
            .filter(|(append, answer)| answer.is_ok() && append.projection.is_some())
            .map(|(append, _)| append)
            .collect()
    }

    /// The answers, to be given once the commit has succeeded.
    pub(crate) fn into_answers(self) -> Vec<Result<Seq, StorageError>> {
        self.answers
    }
}

impl Place<'_> {
    fn existing(document: KnownDocument) -> Self {
        let KnownDocument {
            workspace,
            head,
            quarantine,
        } = document;
        Self {
            workspace,
            start: head,
            head,
            quarantine,
            creator: None,
            exists: true,
        }
    }

    fn absent(workspace: WorkspaceId) -> Self {
        Self {
            workspace,
            start: Seq::ZERO,
            head: Seq::ZERO,
            quarantine: None,
            creator: None,
            exists: false,
        }
    }
}

/// Whether an append is within the limits of the log.
pub(crate) fn check_limits(append: &Append) -> Result<(), StorageError> {
    for update in &append.updates {
        check_limit("an update's size", update.bytes.len(), MAX_UPDATE_BYTES)?;
        let author_bytes = update.author.as_ref().map_or(0, |author| author.len());
        check_limit("an author's size", author_bytes, MAX_AUTHOR_BYTES)?;
    }
    append.projection.as_deref().map_or(Ok(()), limits::check)
}

pub(crate) fn check_limit(what: &'static str, actual: usize, limit: usize) -> Result<(), StorageError> {
    if actual > limit {
        return Err(StorageError::TooLarge {
            what,
            actual: actual as u64,
            limit: limit as u64,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use uuid::Uuid;
    use weft_protocol::id::DocumentName;

    use super::*;

    fn append(document: u128, expected_head: u64, updates: usize) -> Append {
        Append {
            document: DocumentId(Uuid::from_u128(document)),
            workspace: WorkspaceId::DEFAULT,
            name: DocumentName::parse(&format!("document {document}")).unwrap(),
            expected_head: Seq(expected_head),
            updates: vec![NewUpdate::from(Bytes::from_static(b"u")); updates],
            projection: None,
        }
    }

    fn known(document: u128, head: u64) -> (DocumentId, KnownDocument) {
        let known = KnownDocument {
            workspace: WorkspaceId::DEFAULT,
            head: Seq(head),
            quarantine: None,
        };
        (DocumentId(Uuid::from_u128(document)), known)
    }

    #[test]
    fn appends_to_one_document_queue_up_behind_each_other() {
        let appends = [
            append(1, 0, 2),
            append(1, 2, 1),
            append(1, 2, 1),
            append(2, 7, 1),
            append(3, 1, 1),
        ];
        let plan = Plan::new(&appends, HashMap::from([known(2, 7)]));
        assert_eq!(
            plan.created()
                .iter()
                .map(|(_, head)| head.get())
                .collect::<Vec<_>>(),
            [3]
        );
        assert_eq!(plan.advanced(), [(appends[3].document, Seq(8))]);
        assert_eq!(
            plan.rows().iter().map(|row| row.seq.get()).collect::<Vec<_>>(),
            [1, 2, 3, 8]
        );
        let answers = plan.into_answers();
        assert!(matches!(answers[0], Ok(Seq(2))));
        assert!(matches!(answers[1], Ok(Seq(3))));
        assert!(matches!(answers[2], Err(StorageError::Conflict { head: Seq(3) })));
        assert!(matches!(answers[3], Ok(Seq(8))));
        assert!(matches!(answers[4], Err(StorageError::Conflict { head: Seq(0) })));
    }

    #[test]
    fn a_taken_name_refuses_all_of_that_document_and_nothing_else() {
        let appends = [append(1, 0, 1), append(2, 0, 1), append(1, 1, 1)];
        let mut plan = Plan::new(&appends, HashMap::new());
        plan.name_is_taken(appends[0].document, Seq(9));
        assert_eq!(plan.rows().len(), 1);
        let answers = plan.into_answers();
        assert!(matches!(answers[0], Err(StorageError::Conflict { head: Seq(9) })));
        assert!(matches!(answers[1], Ok(Seq(1))));
        assert!(matches!(answers[2], Err(StorageError::Conflict { head: Seq(9) })));
    }

    #[test]
    fn limits_are_refused_before_anything_is_written() {
        let mut appends = [append(1, 0, 1)];
        appends[0].updates[0].author = Some("x".repeat(MAX_AUTHOR_BYTES + 1).into());
        let plan = Plan::new(&appends, HashMap::new());
        assert!(plan.created().is_empty() && plan.rows().is_empty());
        assert!(matches!(
            plan.into_answers()[0],
            Err(StorageError::TooLarge { .. })
        ));
    }
}
