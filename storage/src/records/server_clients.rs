//! Yjs client ids of the server, for each document those that nobody uses now.
//!
//! Every client id that was ever used costs a document some twenty bytes for good, so they are used again, one writer at a
//! time. Invariant: an id is out of the table before anybody may use it, and back in it only when all that was written
//! under it is durable. One that is lost on the way is never used again.

use rand::TryRngCore as _;
use rand::rngs::OsRng;
use weft_protocol::id::DocumentName;

use super::Records;
use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::CrossTenantSql;
use super::value::args;
use crate::error::StorageError;
use crate::model::WorkspaceId;

/// Why these statements do not enter the workspace: that would wait for whoever administers it.
const REASON: &str = "a room that loads waits for nobody who writes to its workspace";
/// No more ids are kept for a document: more rooms of one document than that are never open at once.
const MOST_KEPT: i64 = 32;

struct Client(i64);

impl FromRow for Client {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("client_id").map(Self)
    }
}

/// Takes an id that was given back, or a new one of 32 random bits. That a document in which `n` clients have written
/// gets one of theirs has odds of `n` in 4,294,967,296, the same as for every client that chooses its own.
pub(crate) async fn take(
    records: &Records,
    workspace: WorkspaceId,
    name: &DocumentName,
) -> Result<u64, RecordError> {
    // Of two who delete the same row at once, one finds that it is gone and looks again.
    const TAKE: CrossTenantSql = CrossTenantSql::because(
        REASON,
        "DELETE FROM server_clients WHERE workspace_id = $1 AND document_name = $2 AND client_id = \
         (SELECT min(o.client_id) FROM server_clients o WHERE o.workspace_id = $1 AND o.document_name = $2) \
         RETURNING client_id",
    );
    const LOOK: CrossTenantSql = CrossTenantSql::because(
        REASON,
        "SELECT client_id FROM server_clients WHERE workspace_id = $1 AND document_name = $2 LIMIT 1",
    );
    let mut tx = records.write().await?;
    let mut taken: Option<Client> = None;
    for _ in 0..MOST_KEPT {
        taken = tx.one_across(TAKE, args![workspace.0, name.as_str()]).await?;
        if taken.is_some() {
            break;
        }
        let left: Option<Client> = tx.one_across(LOOK, args![workspace.0, name.as_str()]).await?;
        if left.is_none() {
            break;
        }
    }
    tx.commit().await?;
    let taken = taken.and_then(|client| u64::try_from(client.0).ok());
    match taken {
        Some(client) => Ok(client),
        None => Ok(random()?),
    }
}

fn random() -> Result<u64, StorageError> {
    let random = OsRng.try_next_u32();
    let random = random.map_err(|error| StorageError::unavailable("choosing a client id", error))?;
    Ok(u64::from(random))
}

/// Keeps an id for the next one. Where there is no document nothing was written, and nothing needs to be kept.
pub(crate) async fn give_back(
    records: &Records,
    workspace: WorkspaceId,
    name: &DocumentName,
    client: u64,
) -> Result<(), RecordError> {
    const SQL: CrossTenantSql = CrossTenantSql::because(
        REASON,
        "INSERT INTO server_clients (workspace_id, document_name, client_id) \
         SELECT d.workspace_id, d.name, $3 FROM documents d WHERE d.workspace_id = $1 AND d.name = $2 \
         AND (SELECT count(*) FROM server_clients o WHERE o.workspace_id = $1 AND o.document_name = $2) < $4 \
         ON CONFLICT (workspace_id, document_name, client_id) DO NOTHING",
    );
    // Ids of Yjs have 53 bits at most.
    let Ok(client) = i64::try_from(client) else {
        return Ok(());
    };
    let mut tx = records.write().await?;
    let values = args![workspace.0, name.as_str(), client, MOST_KEPT];
    tx.execute_across(SQL, values).await?;
    tx.commit().await
}
