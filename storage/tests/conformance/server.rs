//! Connections to the private Postgres server, past the storage.

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

pub(crate) use crate::cluster::server;

/// A connection of its own, past the storage; it sees all workspaces.
pub(crate) async fn connect(address: &str) -> PgConnection {
    let mut connection = connect_unsettled(address).await;
    let settle = "SET weft.workspace = '*'";
    sqlx::query(settle).execute(&mut connection).await.unwrap();
    connection
}

/// A connection of its own that has not said which workspace it is about.
pub(crate) async fn connect_unsettled(address: &str) -> PgConnection {
    let options: PgConnectOptions = address.parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}
