//! One workspace's part of a transaction.

use super::error::RecordError;
use super::row::FromRow;
use super::statement::TenantSql;
use super::tx::Tx;
use super::value::Value;
use crate::model::WorkspaceId;

/// One workspace within a transaction: nothing of another can be reached through it.
#[derive(Debug)]
pub struct Tenant<'a> {
    tx: &'a mut Tx,
    id: WorkspaceId,
}

impl<'a> Tenant<'a> {
    pub(super) fn new(tx: &'a mut Tx, id: WorkspaceId) -> Self {
        Self { tx, id }
    }

    /// The workspace.
    pub fn id(&self) -> WorkspaceId {
        self.id
    }

    /// The transaction, for what belongs to the server.
    pub fn tx(&mut self) -> &mut Tx {
        self.tx
    }

    /// Rows; `values` are `$2` and what follows.
    pub(crate) async fn all<T: FromRow>(
        &mut self,
        sql: TenantSql,
        values: Vec<Value>,
    ) -> Result<Vec<T>, RecordError> {
        let values = self.with_tenant(values).await?;
        self.tx.rows(sql.0, values).await
    }

    /// The row, if there is one; `values` are `$2` and what follows.
    pub(crate) async fn one<T: FromRow>(
        &mut self,
        sql: TenantSql,
        values: Vec<Value>,
    ) -> Result<Option<T>, RecordError> {
        let values = self.with_tenant(values).await?;
        self.tx.row(sql.0, values).await
    }

    /// Runs a statement; how many rows it changed. `values` are `$2` and what follows.
    pub(crate) async fn execute(&mut self, sql: TenantSql, values: Vec<Value>) -> Result<u64, RecordError> {
        let values = self.with_tenant(values).await?;
        self.tx.run(sql.0, values).await
    }

    /// Somebody may have looked across tenants through [`Self::tx`] meanwhile.
    async fn with_tenant(&mut self, values: Vec<Value>) -> Result<Vec<Value>, RecordError> {
        self.tx.workspace(self.id).await?;
        let mut all = Vec::with_capacity(values.len() + 1);
        all.push(Value::from(self.id.0));
        all.extend(values);
        Ok(all)
    }
}
