//! What members say about themselves and to each other: passed on, never kept in the log.

use bytes::Bytes;
use weft_protocol::awareness::{self, AwarenessError, AwarenessLimits};
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus;

use super::super::MemberId;
use super::super::dialect::{Broadcast, Dialect, Payload};
use super::RoomState;

impl RoomState {
    pub(super) fn receive_awareness(&mut self, id: MemberId, body: &Bytes, now_ms: u64) {
        let Some(member) = self.members.get(&id).filter(|member| !member.outbox.is_cut()) else {
            return;
        };
        let limits = AwarenessLimits {
            max_state_bytes: self.limits.max_awareness_state_bytes,
            ..AwarenessLimits::default()
        };
        match awareness::decode(body, &limits) {
            Ok(entries) => self
                .presence
                .receive(id, &entries, self.limits.max_awareness_clients, now_ms),
            Err(AwarenessError::StateTooLarge | AwarenessError::TooManyEntries) => {
                member.outbox.close(CloseReason::MessageTooLarge);
            }
            Err(AwarenessError::Malformed(_) | AwarenessError::InvalidJson) => {
                member.outbox.close(CloseReason::ProtocolError);
            }
        }
    }

    pub(super) fn announce_presence(&mut self) {
        if !self.presence.has_changes() {
            return;
        }
        let author = self.presence.sole_author();
        let body = awareness::encode(self.presence.take_changes());
        self.outward.awareness(&body);
        let mut broadcast = Broadcast::new(Payload::Awareness(&body));
        for (_, member) in self.members.iter().filter(|(id, _)| Some(**id) != author) {
            member.outbox.push_presence(broadcast.frame_for(&member.dialect));
            self.sent += 1;
        }
    }

    pub(super) fn send_presence(&self, id: MemberId) {
        let Some(member) = self.members.get(&id) else {
            return;
        };
        let present = self.presence.present();
        if !present.is_empty() {
            let body = awareness::encode(present);
            member
                .outbox
                .push_presence(member.dialect.frame(Payload::Awareness(&body)));
        }
    }

    pub(super) fn relay_stateless(&mut self, from: MemberId, payload: &str) {
        if self
            .members
            .get(&from)
            .is_none_or(|member| member.outbox.is_cut())
        {
            return;
        }
        self.outward.stateless(payload);
        self.spread_stateless(Some(from), payload);
    }

    pub(super) fn spread_stateless(&mut self, except: Option<MemberId>, payload: &str) {
        for (id, member) in &self.members {
            if let Dialect::Hocuspocus(name) = &member.dialect
                && Some(*id) != except
            {
                member.outbox.push_transient(hocuspocus::stateless(name, payload));
                self.sent += 1;
            }
        }
    }
}
