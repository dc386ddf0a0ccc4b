//! What a room does about what other nodes say and write.
//!
//! It must never take in rows that do not continue the log that the document has.

use bytes::Bytes;
use weft_protocol::close::CloseReason;
use weft_protocol::renewal::Renewal;
use weft_storage::Seq;
use weft_storage::bus::{Heard, Signal};

use super::super::RoomMessage;
use super::super::remote::{self, Advance};
use super::super::state::{Poisoned, Said};
use super::patience::patiently;
use super::{Actor, Live, Tail};

impl Actor {
    /// Handles messages in their order; what other nodes say stands between the others.
    pub(super) async fn take_in(
        &mut self,
        live: &mut Live,
        buffer: &mut Vec<RoomMessage>,
    ) -> Result<(), CloseReason> {
        let mut messages = buffer.drain(..);
        while let Some(message) = messages.next() {
            let RoomMessage::Heard(heard) = message else {
                live.inbox.push_back(message);
                continue;
            };
            if let Err(reason) = self.hear_in_turn(live, heard).await {
                live.inbox.extend(messages);
                return Err(reason);
            }
        }
        drop(messages);
        self.handle(live).await
    }

    /// What came before another node's word is done before it.
    async fn hear_in_turn(&mut self, live: &mut Live, heard: Heard) -> Result<(), CloseReason> {
        if !live.inbox.is_empty() {
            self.handle(live).await?;
        }
        self.hear(live, heard).await
    }

    /// Another node says something.
    async fn hear(&mut self, live: &mut Live, heard: Heard) -> Result<(), CloseReason> {
        let now_ms = self.now_ms();
        match heard {
            Heard::Gap => {
                live.is_behind = true;
                if let Some(line) = &self.line {
                    line.say(Signal::WhoIsHere);
                    if let Some(present) = live.state.who_is_here() {
                        line.say(Signal::Awareness(present));
                    }
                }
            }
            Heard::Signal(_, Signal::Appended { after, rows, updates }) => {
                match remote::advance(Seq(live.state.head()), after, rows, updates) {
                    Advance::Known => {}
                    // What is under way was meant to follow another row: it will be refused, and begin again.
                    Advance::Next(rows) if live.append.is_none() && live.state.can_follow() => {
                        self.follow(live, &rows).await?;
                    }
                    Advance::Next(_) | Advance::Look => live.is_behind = true,
                }
            }
            Heard::Signal(node, Signal::Awareness(body)) => {
                let node = *self.nodes.entry(node).or_insert_with(|| self.hub.new_member());
                live.state.hear_awareness(node, &body, now_ms);
            }
            Heard::Signal(_, Signal::WhoIsHere) => {
                if let (Some(line), Some(present)) = (&self.line, live.state.who_is_here()) {
                    line.say(Signal::Awareness(present));
                }
            }
            Heard::Signal(_, Signal::Stateless(payload)) => live.state.hear_stateless(&payload),
            Heard::NodeGone(node) => {
                if let Some(node) = self.nodes.remove(&node) {
                    live.state.node_gone(node, now_ms);
                }
            }
        }
        Ok(())
    }

    /// Tells other nodes what members say about themselves and to each other.
    pub(super) fn say_outward(&self, live: &mut Live) {
        if let Some(line) = &self.line {
            for said in live.state.take_said() {
                line.say(match said {
                    Said::Awareness(body) => Signal::Awareness(body),
                    Said::Stateless(payload) => Signal::Stateless(payload.as_ref().to_owned()),
                });
            }
        }
    }

    /// Others have written to the log, or may have: takes in what they wrote. No append may be under way.
    pub(super) async fn catch_up(&mut self, live: &mut Live) -> Result<(), CloseReason> {
        live.is_behind = false;
        let head = live.state.head();
        // The first row of a document decides which id it has.
        let rows = if head > 0 && live.state.can_follow() {
            patiently(self.hub.settings.storage_patience, || {
                self.log().since(self.id, Seq(head))
            })
            .await
        } else {
            Ok(None)
        };
        if let Some(rows) = rows.map_err(|error| self.log_failed(&error))? {
            let rows: Vec<Bytes> = rows.into_iter().map(|row| row.bytes).collect();
            if rows.iter().any(|row| Renewal::is_one(row)) {
                return Err(CloseReason::DocumentRenewed);
            }
            return self.follow(live, &rows).await;
        }
        let loaded = self.load_again(live.state.begins(), Vec::new()).await?;
        live.tail = Tail {
            rows: loaded.tail_rows,
            bytes: loaded.tail_bytes,
        };
        let begun = live.state.begin_again(loaded.replica, loaded.head);
        self.recover_if(begun, live).await
    }

    /// Takes in the rows that follow the head.
    async fn follow(&mut self, live: &mut Live, rows: &[Bytes]) -> Result<(), CloseReason> {
        if rows.is_empty() {
            return Ok(());
        }
        live.tail.rows += rows.len() as u64;
        live.tail.bytes += rows.iter().map(|row| row.len() as u64).sum::<u64>();
        let followed = live.state.follow(rows);
        self.recover_if(followed, live).await
    }

    /// A document that failed while it took in what others wrote is built anew, and members are told all of it.
    async fn recover_if(
        &mut self,
        outcome: Result<(), Poisoned>,
        live: &mut Live,
    ) -> Result<(), CloseReason> {
        if outcome == Err(Poisoned) {
            self.recover(live).await?;
            let shared = live.state.share_everything();
            return shared.map_err(|Poisoned| CloseReason::InternalError);
        }
        Ok(())
    }
}
