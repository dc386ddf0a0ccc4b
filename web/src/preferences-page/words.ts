/** What types of notifications are called, and in which groups they stand. Pure. */
import type { Channel, NotificationPreferences, TypePreference } from '../api/notifications';

export interface TypeWords {
  readonly label: string;
  readonly hint: string;
}

const GROUPS: readonly (readonly [string, Readonly<Record<string, TypeWords>>])[] = [
  [
    'Conversations',
    {
      mentioned: { label: 'Mentions', hint: 'Somebody names you in a comment.' },
      reply: { label: 'Answers', hint: 'Somebody answers in a thread of yours.' },
      comment_on_watched: { label: 'Comments', hint: 'A comment on what you watch.' },
      document_changed: { label: 'Changes', hint: 'Somebody changes a document that you watch.' },
      comment_resolved: { label: 'Resolved threads', hint: 'A thread that you take part in is resolved.' },
    },
  ],
  [
    'Tasks',
    {
      assigned: { label: 'Given to you', hint: 'You are put on a task.' },
      unassigned: { label: 'Taken from you', hint: 'You are taken off a task.' },
      status_changed: { label: 'Moved', hint: 'A task that you watch goes to another column.' },
      task_completed: { label: 'Done', hint: 'A task that you watch is done.' },
      dependency_unblocked: { label: 'Unblocked', hint: 'What a task of yours waited for is done.' },
      due_soon: { label: 'Due soon', hint: 'A task of yours is due within a day.' },
      overdue: { label: 'Overdue', hint: 'A task of yours should be done by now.' },
      reminder: { label: 'Reminders', hint: 'You wanted to be reminded.' },
    },
  ],
  [
    'Access',
    {
      document_shared: { label: 'Shared with you', hint: 'Somebody shares a document or a project.' },
      access_requested: { label: 'Asking to see', hint: 'Somebody asks to see what you may share.' },
      invited: { label: 'Invitations', hint: 'Somebody invites you.' },
      role_changed: { label: 'Roles', hint: 'What you may do changes.' },
    },
  ],
  [
    'Account and workspace',
    {
      security: { label: 'Security', hint: 'A new device, a token that was used twice.' },
      webhook_disabled: { label: 'Webhooks', hint: 'An endpoint is told nothing any more.' },
    },
  ],
];

/** What is not known here is called by its name. */
export function typeWords(type: string): TypeWords {
  for (const [, types] of GROUPS) {
    if (Object.hasOwn(types, type) && types[type]) return types[type];
  }
  const words = type.replaceAll(/[._]/g, ' ');
  return { label: words.charAt(0).toUpperCase() + words.slice(1), hint: '' };
}

export interface TypeGroup {
  readonly name: string;
  readonly types: readonly TypePreference[];
}

/** The types that the server has, in our order; those that are not known here come last. */
export function groupPreferences(types: readonly TypePreference[]): TypeGroup[] {
  const left = new Map(types.map((type) => [type.type, type]));
  const groups = GROUPS.map(([name, known]) => ({
    name,
    types: Object.keys(known).flatMap((type) => {
      const found = left.get(type);
      left.delete(type);
      return found ? [found] : [];
    }),
  }));
  groups.push({ name: 'Others', types: [...left.values()] });
  return groups.filter(({ types }) => types.length > 0);
}

const CHANNELS: readonly (readonly [Channel, string])[] = [
  ['in_app', 'In Weft'],
  ['email', 'By mail'],
  ['push', 'On devices'],
];

/** The ways that the server has, in our order. */
export function channelsOf({
  channels,
}: Pick<NotificationPreferences, 'channels'>): readonly (readonly [Channel, string])[] {
  return CHANNELS.filter(([channel]) => channels.includes(channel));
}

/** Whether somebody has no choice. */
export function isFixed({ is_fixed }: Pick<TypePreference, 'is_fixed'>, channel: Channel): boolean {
  return is_fixed && channel === 'in_app';
}

/** Whether these hours can be kept; in words why not. */
export function whyNotQuiet(from: string, to: string): string | null {
  const time = /^([01]\d|2[0-3]):[0-5]\d$/;
  if (!time.test(from) || !time.test(to)) return 'Say from when to when it is quiet.';
  return from === to ? 'The quiet hours must end at another time than they begin.' : null;
}
