//! A watcher with a replica of its own: tells when a move is shown, and what the board looks like at the end.
//!
//! Invariant: it looks only at its replica, never at an answer over REST. There are few of them, because a replica
//! costs the load generator what it costs a browser.

use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use weft_protocol::board::{Board, json};
use yrs::updates::decoder::Decode;
use yrs::{Any, Doc, Map, Out, ReadTxn, Transact, Update};

use super::movers::Moves;
use crate::connection::Connection;
use crate::target::Target;
use crate::wire::{Inbound, pong};

/// One of them.
#[derive(Debug)]
pub(super) struct Witness {
    connection: Connection,
    doc: Doc,
    number: usize,
    moves: Arc<Moves>,
}

impl Witness {
    /// Opens the board.
    pub(super) async fn come(
        target: &Target,
        board: &str,
        number: usize,
        moves: Arc<Moves>,
    ) -> anyhow::Result<Self> {
        let mut connection = Connection::open(target, board).await?;
        let (state, _) = connection.synced().await?;
        let witness = Self {
            connection,
            doc: Doc::new(),
            number,
            moves,
        };
        for update in &state {
            witness.apply(update)?;
        }
        Ok(witness)
    }

    /// Watches until told to stop; what the board shows then, as the API would say it.
    pub(super) async fn watch(mut self, stop: CancellationToken) -> anyhow::Result<Value> {
        while let Some(frame) = stop.run_until_cancelled(self.connection.next()).await {
            let frame = frame?;
            match self.connection.wire().read(&frame) {
                Some(Inbound::Update(update) | Inbound::Step2(update)) => {
                    self.apply(update)?;
                    let txn = self.doc.transact();
                    self.moves.look(self.number, |card| column_of(&txn, card));
                }
                Some(Inbound::Ping) => self.connection.send(pong()).await?,
                Some(Inbound::Closed) | None => anyhow::bail!("the server closed or said something odd"),
                Some(_) => {}
            }
        }
        self.connection.close().await;
        Ok(json::value(&Board::read(&self.doc.transact()).view)?)
    }

    fn apply(&self, update: &[u8]) -> anyhow::Result<()> {
        let update = Update::decode_v1(update).context("an update does not decode")?;
        self.doc
            .transact_mut()
            .apply_update(update)
            .context("an update does not apply")
    }
}

/// The column in a card's `place`.
fn column_of(txn: &impl ReadTxn, card: &str) -> Option<String> {
    let Some(Out::YMap(card)) = txn.get_map("cards")?.get(txn, card) else {
        return None;
    };
    let Some(Out::Any(Any::Array(place))) = card.get(txn, "place") else {
        return None;
    };
    match place.first() {
        Some(Any::String(column)) => Some(column.to_string()),
        _ => None,
    }
}
