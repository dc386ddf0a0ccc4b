//! Looks at everything that is stored and says what is damaged. It changes nothing.

use std::collections::HashSet;

use crate::audit_archive::{AuditArchive, AuditArchiveError};
use crate::engine::Engine;
use crate::error::{Damage, StorageError};
use crate::examine::examine;
use crate::model::{DocumentId, DocumentSummary, WorkspaceId};
use crate::storage::Storage;

/// Documents that are listed at a time.
const PAGE: u32 = 256;

/// Something that an operator should know about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A document is damaged.
    Document {
        /// Its owner.
        workspace: WorkspaceId,
        /// Its id.
        document: DocumentId,
        /// Its name.
        name: String,
        /// What is wrong.
        damage: Damage,
    },
    /// A document is out of service.
    Quarantined {
        /// Its owner.
        workspace: WorkspaceId,
        /// Its id.
        document: DocumentId,
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The database file itself is damaged.
    Database {
        /// What the database said.
        message: String,
    },
    /// Entries of an audit log were archived and cannot be read back.
    AuditLog {
        /// Whose log it is.
        workspace: WorkspaceId,
        /// What is wrong.
        message: String,
    },
    /// A blob that no row names: harmless, a sweep removes it.
    OrphanBlob {
        /// Its key.
        key: String,
    },
}

impl Finding {
    /// Whether something has to be done about it.
    pub fn is_damage(&self) -> bool {
        !matches!(self, Self::OrphanBlob { .. })
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Document {
                workspace,
                document,
                name,
                damage,
            } => {
                write!(
                    formatter,
                    "document {name:?} ({document}, workspace {workspace}): {damage}"
                )
            }
            Self::Quarantined {
                workspace,
                document,
                name,
                reason,
            } => {
                write!(
                    formatter,
                    "document {name:?} ({document}, workspace {workspace}) is quarantined: {reason}"
                )
            }
            Self::Database { message } => write!(formatter, "the database file is damaged: {message}"),
            Self::AuditLog { workspace, message } => {
                write!(formatter, "audit log of workspace {workspace}: {message}")
            }
            Self::OrphanBlob { key } => write!(formatter, "blob {key} belongs to no document (harmless)"),
        }
    }
}

/// Examines all documents, the database file and the blobs.
///
/// # Errors
/// A failure of the storage that keeps it from looking; damage is a finding, not an error.
pub async fn doctor(storage: &Storage) -> Result<Vec<Finding>, StorageError> {
    let engine = storage.engine();
    let database = engine.reader.examine_database().await?;
    let mut findings: Vec<_> = database
        .into_iter()
        .map(|message| Finding::Database { message })
        .collect();
    let mut after = None;
    loop {
        let page = engine.reader.list_all(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for document in &page {
            examine_document(engine, document, &mut findings).await?;
        }
    }
    examine_audit_archive(&storage.audit_archive(), engine, &mut findings).await?;
    findings.extend(orphans(engine).await?);
    Ok(findings)
}

async fn examine_document(
    engine: &Engine,
    summary: &DocumentSummary,
    findings: &mut Vec<Finding>,
) -> Result<(), StorageError> {
    let DocumentSummary {
        id: document,
        workspace,
        ..
    } = *summary;
    let Some(view) = engine.reader.read_whole(document).await? else {
        return Ok(());
    };
    let name = summary.name.to_string();
    if let Some(reason) = view.document.quarantine.clone() {
        findings.push(Finding::Quarantined {
            workspace,
            document,
            name: name.clone(),
            reason,
        });
    }
    let damage = examine(engine, &view).await?.damage.into_iter();
    findings.extend(damage.map(|damage| Finding::Document {
        workspace,
        document,
        name: name.clone(),
        damage,
    }));
    Ok(())
}

/// Every segment of every audit log. What is between them is for `weft audit verify`.
async fn examine_audit_archive(
    archive: &AuditArchive,
    engine: &Engine,
    findings: &mut Vec<Finding>,
) -> Result<(), StorageError> {
    let mut after = None;
    loop {
        let page = engine.records.read().await?.audit_chains(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        for workspace in page {
            let mut seq = 0;
            loop {
                let mut tx = engine.records.read().await?;
                let segment = tx.workspace(workspace).await?.audit_segment(seq).await?;
                drop(tx);
                let Some(segment) = segment else { break };
                seq = segment.last_seq;
                match archive.entries(workspace, segment).await {
                    Ok(_) => {}
                    Err(AuditArchiveError::Records(error)) => return Err(error.into()),
                    Err(AuditArchiveError::Storage(error)) => return Err(error),
                    Err(damage) => findings.push(Finding::AuditLog {
                        workspace,
                        message: damage.to_string(),
                    }),
                }
            }
        }
    }
}

async fn orphans(engine: &Engine) -> Result<Vec<Finding>, StorageError> {
    // Nobody is between putting a blob and naming it while this is held.
    let _naming = engine.naming.write().await;
    let named: HashSet<_> = engine.reader.named_blobs().await?.into_iter().collect();
    let keys = engine.blobs.keys().await?.into_iter();
    Ok(keys
        .filter(|key| !named.contains(key))
        .map(|key| Finding::OrphanBlob { key: key.to_string() })
        .collect())
}
