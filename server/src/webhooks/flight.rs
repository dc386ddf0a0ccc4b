//! How many attempts are under way on this node, and how many more may begin.
//!
//! Invariant: an endpoint earns its slots. It has one until it has answered well; every success gives it one more, up to
//! its bound, and a failure takes all but one away. So those that are slow or gone, however many, hold one slot each,
//! and one that answers is not held up by them.

use std::collections::HashMap;

use uuid::Uuid;
use weft_storage::WorkspaceId;

use super::WebhookSettings;

/// How many endpoints are remembered that have nothing under way.
const REMEMBERED: usize = 4_096;

#[derive(Debug, Clone, Copy)]
struct Slots {
    used: usize,
    earned: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self { used: 0, earned: 1 }
    }
}

/// What is under way.
#[derive(Debug)]
pub(super) struct Flight {
    endpoints: HashMap<Uuid, Slots>,
    workspaces: HashMap<WorkspaceId, usize>,
    used: usize,
    per_endpoint: usize,
    per_workspace: usize,
    altogether: usize,
}

impl Flight {
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        Self {
            endpoints: HashMap::new(),
            workspaces: HashMap::new(),
            used: 0,
            per_endpoint: settings.per_endpoint.max(1),
            per_workspace: settings.per_workspace.max(1),
            altogether: settings.altogether.max(1),
        }
    }

    /// How many more attempts at an endpoint may begin.
    pub(super) fn room(&self, workspace: WorkspaceId, endpoint: Uuid) -> usize {
        let slots = self.endpoints.get(&endpoint).copied().unwrap_or_default();
        slots.earned.saturating_sub(slots.used).min(self.rest(workspace))
    }

    /// How many more attempts at endpoints of a workspace may begin.
    pub(super) fn rest(&self, workspace: WorkspaceId) -> usize {
        let of_workspace = self.workspaces.get(&workspace).copied().unwrap_or(0);
        self.per_workspace
            .saturating_sub(of_workspace)
            .min(self.altogether.saturating_sub(self.used))
    }

    /// An attempt begins.
    pub(super) fn begin(&mut self, workspace: WorkspaceId, endpoint: Uuid) {
        self.endpoints.entry(endpoint).or_default().used += 1;
        *self.workspaces.entry(workspace).or_default() += 1;
        self.used += 1;
    }

    /// An attempt has ended, well or not.
    pub(super) fn end(&mut self, workspace: WorkspaceId, endpoint: Uuid, is_success: bool) {
        self.used = self.used.saturating_sub(1);
        let slots = self.endpoints.entry(endpoint).or_default();
        slots.used = slots.used.saturating_sub(1);
        slots.earned = if is_success {
            (slots.earned + 1).min(self.per_endpoint)
        } else {
            1
        };
        if let Some(of_workspace) = self.workspaces.get_mut(&workspace) {
            *of_workspace = of_workspace.saturating_sub(1);
            if *of_workspace == 0 {
                self.workspaces.remove(&workspace);
            }
        }
        if self.endpoints.len() > REMEMBERED {
            self.endpoints.retain(|_, slots| slots.used > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(1));

    fn flight() -> Flight {
        Flight {
            endpoints: HashMap::new(),
            workspaces: HashMap::new(),
            used: 0,
            per_endpoint: 4,
            per_workspace: 30,
            altogether: 40,
        }
    }

    #[test]
    fn slots_are_earned_and_lost() {
        let (mut flight, endpoint) = (flight(), Uuid::from_u128(2));
        assert_eq!(flight.room(WORKSPACE, endpoint), 1);
        for expected in [2, 3, 4, 4] {
            flight.begin(WORKSPACE, endpoint);
            flight.end(WORKSPACE, endpoint, true);
            assert_eq!(flight.room(WORKSPACE, endpoint), expected);
        }
        flight.begin(WORKSPACE, endpoint);
        flight.begin(WORKSPACE, endpoint);
        assert_eq!(flight.room(WORKSPACE, endpoint), 2);
        flight.end(WORKSPACE, endpoint, false);
        assert_eq!(flight.room(WORKSPACE, endpoint), 0);
        flight.end(WORKSPACE, endpoint, false);
        assert_eq!(flight.room(WORKSPACE, endpoint), 1);
    }

    #[test]
    fn many_that_hang_hold_one_slot_each() {
        let mut flight = flight();
        for number in 0..20 {
            let hole = Uuid::from_u128(100 + number);
            assert_eq!(flight.room(WORKSPACE, hole), 1);
            flight.begin(WORKSPACE, hole);
            assert_eq!(flight.room(WORKSPACE, hole), 0);
        }
        assert_eq!(flight.room(WORKSPACE, Uuid::from_u128(2)), 1);
        for number in 0..10 {
            flight.begin(WORKSPACE, Uuid::from_u128(200 + number));
        }
        assert_eq!(flight.room(WORKSPACE, Uuid::from_u128(2)), 0);
        assert_eq!(
            flight.room(WorkspaceId(Uuid::from_u128(9)), Uuid::from_u128(2)),
            1
        );
    }
}
