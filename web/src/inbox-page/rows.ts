/** Which notifications a list shows, in which order, and what a change makes of them before the server has said so. Pure. */
import type { Notification, NotificationPatch, NotificationState } from '../api/notifications';

export interface View {
  readonly state: NotificationState;
  readonly workspace: string | null;
}

export const STATES: readonly (readonly [NotificationState, string])[] = [
  ['inbox', 'Inbox'],
  ['unread', 'Unread'],
  ['snoozed', 'Snoozed'],
  ['archived', 'Archived'],
];

export function stateIn(search: string): NotificationState {
  const wanted = new URLSearchParams(search).get('state');
  return STATES.find(([state]) => state === wanted)?.[0] ?? 'inbox';
}

export function fits(notification: Notification, { state, workspace }: View, now: number): boolean {
  if (workspace !== null && notification.workspace_id !== workspace) return false;
  const isArchived = notification.archived_at != null;
  const isSnoozed = notification.snoozed_until != null && Date.parse(notification.snoozed_until) > now;
  if (state === 'archived') return isArchived;
  if (state === 'snoozed') return isSnoozed && !isArchived;
  if (isArchived || isSnoozed) return false;
  return state === 'inbox' || notification.read_at == null;
}

/** The list with what is known of one of them now, newest first; what is older than what is known changes nothing. */
export function put(
  rows: readonly Notification[],
  notification: Notification,
  view: View,
  now: number,
): readonly Notification[] {
  const known = rows.find(({ id }) => id === notification.id);
  if (known !== undefined && known.version > notification.version) return rows;
  const others = rows.filter(({ id }) => id !== notification.id);
  if (!fits(notification, view, now)) return others;
  const at = others.findIndex(
    ({ updated_at }) => Date.parse(updated_at) < Date.parse(notification.updated_at),
  );
  return at < 0 ? [...others, notification] : [...others.slice(0, at), notification, ...others.slice(at)];
}

/** The list with all that was told since it was asked for. */
export function putAll(
  rows: readonly Notification[],
  told: readonly Notification[],
  view: View,
  now: number,
): readonly Notification[] {
  return told.reduce((list, notification) => put(list, notification, view, now), rows);
}

/** What a change will make of a notification. */
export function changed(notification: Notification, change: NotificationPatch, now: number): Notification {
  const moment = new Date(now).toISOString();
  const { read, archived, snoozed_until } = change;
  return {
    ...notification,
    ...(read === undefined ? {} : { read_at: read ? moment : null }),
    ...(archived === undefined ? {} : { archived_at: archived ? moment : null }),
    ...(snoozed_until === undefined ? {} : { snoozed_until }),
  };
}

/** Everything up to `before` is read. */
export function allRead(rows: readonly Notification[], before: string, now: number): readonly Notification[] {
  return rows.map((row) =>
    row.read_at == null && Date.parse(row.updated_at) <= Date.parse(before)
      ? changed(row, { read: true }, now)
      : row,
  );
}

/** Which row has the focus after the one at `at` has gone: the one that comes into its place. */
export function neighbour(rows: readonly Notification[], at: number): Notification | undefined {
  return rows[Math.min(at, rows.length - 1)];
}
