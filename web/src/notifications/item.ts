/** A notification as a line: what happened, to what, when. */
import type { Notification } from '../api/notifications';
import { avatar } from '../board-page/avatar';
import { h } from '../ui/dom';
import { icon } from '../ui/icons';
import { timeElement } from '../ui/when';
import { addressOf, iconOf, isUnread } from './words';

/** What can be opened: a link, so that it opens in another tab as links do; a button where there is nothing to open. */
export function notificationLine(notification: Notification, onOpen: () => void): HTMLElement {
  const { title, body, actors, count, updated_at, type } = notification;
  const unread = isUnread(notification);
  const address = addressOf(notification);
  const [actor] = actors;
  const content = [
    h(
      'span',
      { class: 'notification-mark' },
      actor
        ? avatar(actor.user_id, actor.display_name)
        : h('span', { class: 'notification-kind' }, icon(iconOf(type))),
    ),
    h(
      'span',
      { class: 'notification-words' },
      h(
        'span',
        { class: 'notification-title' },
        unread ? h('span', { class: 'hidden' }, 'Unread: ') : null,
        title,
      ),
      body ? h('span', { class: 'notification-body' }, body) : null,
      h('small', {}, timeElement(updated_at), count > 1 ? ` · ${count} times` : null),
    ),
    h('span', { class: 'notification-dot', 'aria-hidden': 'true' }),
  ];
  const attributes = { class: 'notification', 'data-notification': notification.id, on: { click: onOpen } };
  return address === null
    ? h('button', { type: 'button', ...attributes }, ...content)
    : h('a', { href: address, ...attributes }, ...content);
}
