/** A notification in the inbox: its line, and what can be done with it. */
import type { Notification } from '../api/notifications';
import { notificationLine } from '../notifications/item';
import { isUnread } from '../notifications/words';
import { fill, h } from '../ui/dom';
import { type IconName, icon } from '../ui/icons';
import { fullMoment } from '../ui/when';

export interface RowActs {
  open(one: Notification): void;
  toggleRead(one: Notification): void;
  toggleArchived(one: Notification): void;
  snooze(one: Notification, anchor: HTMLElement): void;
}

export class InboxRow {
  readonly element = h('li', {});
  #shown: Notification | null = null;
  #snooze: HTMLButtonElement | null = null;

  constructor(private readonly acts: RowActs) {}

  draw(one: Notification): void {
    if (this.#shown === one) return;
    this.#shown = one;
    const { acts, element } = this;
    const focused = [...element.querySelectorAll('a, button')].indexOf(document.activeElement as Element);
    const unread = isUnread(one);
    const isArchived = one.archived_at != null;
    element.dataset.row = one.id;
    element.toggleAttribute('data-unread', unread);
    const snooze = action('clock', `Snooze: ${one.title}`, () => acts.snooze(one, snooze));
    snooze.setAttribute('aria-haspopup', 'menu');
    snooze.setAttribute('aria-expanded', 'false');
    this.#snooze = isArchived ? null : snooze;
    const until = one.snoozed_until && Date.parse(one.snoozed_until) > Date.now() ? one.snoozed_until : null;
    fill(
      element,
      notificationLine(one, () => acts.open(one)),
      until === null ? null : h('small', { class: 'inbox-until' }, `Until ${fullMoment(until)}`),
      h(
        'div',
        { class: 'inbox-acts' },
        action(unread ? 'check' : 'mail', `${unread ? 'Mark read' : 'Mark unread'}: ${one.title}`, () =>
          acts.toggleRead(one),
        ),
        this.#snooze,
        action(
          isArchived ? 'restore' : 'archive',
          `${isArchived ? 'Back into the inbox' : 'Archive'}: ${one.title}`,
          () => acts.toggleArchived(one),
        ),
      ),
    );
    if (focused >= 0) element.querySelectorAll<HTMLElement>('a, button')[focused]?.focus();
  }

  focus(): void {
    const line = this.element.querySelector<HTMLElement>('.notification');
    line?.focus({ preventScroll: true });
    line?.scrollIntoView({ block: 'nearest' });
  }

  openSnooze(): void {
    if (this.#shown !== null && this.#snooze !== null) this.acts.snooze(this.#shown, this.#snooze);
  }
}

function action(picture: IconName, label: string, run: () => void): HTMLButtonElement {
  const [short = label] = label.split(':');
  return h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': label, title: short, on: { click: run } },
    icon(picture),
  );
}
