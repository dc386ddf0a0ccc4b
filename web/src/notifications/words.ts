/** What notifications look like and where they lead. Pure. */
import type { Notification } from '../api/notifications';
import type { IconName } from '../ui/icons';

const ICONS: Readonly<Record<string, IconName>> = {
  mentioned: 'at',
  reply: 'comment',
  comment_on_watched: 'comment',
  comment_resolved: 'check',
  assigned: 'person',
  unassigned: 'person',
  due_soon: 'calendar',
  overdue: 'calendar',
  reminder: 'clock',
  status_changed: 'move',
  task_completed: 'check',
  dependency_unblocked: 'link',
  document_shared: 'board',
  document_changed: 'pencil',
  access_requested: 'key',
  invited: 'mail',
  role_changed: 'key',
  webhook_disabled: 'hook',
  security: 'flag',
};

export function iconOf(type: string): IconName {
  return ICONS[type] ?? 'bell';
}

/** The page that a notification is about; null if there is none. */
export function addressOf({ subject }: Pick<Notification, 'subject'>): string | null {
  const id = encodeURIComponent(subject.id);
  switch (subject.kind) {
    case 'task':
      return `/tasks/${id}`;
    case 'document':
      return `/documents/${id}`;
    case 'webhook_endpoint':
      return `/webhooks/${id}`;
    case 'workspace':
    case 'project':
    case 'team':
      return '/boards';
    default:
      return null;
  }
}

export function isUnread({ read_at }: Pick<Notification, 'read_at'>): boolean {
  return read_at == null;
}

/** What stands beside the bell. */
export function badgeWords(unread: number): string {
  return unread > 99 ? '99+' : String(unread);
}

export function bellWords(unread: number): string {
  return unread === 0 ? 'Notifications' : `Notifications, ${unread} unread`;
}

/** The latest change of these: nothing that comes later is meant when somebody reads all of them. */
export function newestOf(rows: readonly Pick<Notification, 'updated_at'>[]): string | null {
  let newest: string | null = null;
  for (const { updated_at } of rows) {
    if (newest === null || Date.parse(updated_at) > Date.parse(newest)) newest = updated_at;
  }
  return newest;
}
