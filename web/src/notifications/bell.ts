/** The bell in the bar: how much is unread, and the newest of it. While it hangs there, what happens is followed. */
import type { Notification } from '../api/notifications';
import { wordsOf } from '../app/lists';
import type { BarItem } from '../app/router';
import type { Shell } from '../app/shell';
import { fill, h, setAttribute, setText } from '../ui/dom';
import { icon } from '../ui/icons';
import { openPopover, type Popover } from '../ui/popover';
import { sentence } from '../ui/words';
import { changeNotification, listNotifications, readAll, seeAll } from './calls';
import { notificationLine } from './item';
import { badgeWords, bellWords, isUnread, newestOf } from './words';
import './notifications.css';

const SHOWN = 8;
/** How long changes gather before they are read out. */
const SAID_AFTER_MS = 1_500;

export function bell(shell: Shell): BarItem {
  const { live } = shell;
  const count = h('span', { class: 'bell-count', 'aria-hidden': 'true', hidden: true });
  const spoken = h('span', { class: 'hidden', role: 'status' });
  const button = h(
    'button',
    {
      type: 'button',
      class: 'icon-button bell',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      'data-testid': 'bell',
    },
    icon('bell'),
    count,
  );
  let panel: BellPanel | null = null;
  let before = 0;
  let saying: ReturnType<typeof setTimeout> | undefined;
  const draw = () => {
    const unread = live.counts?.unread ?? 0;
    element.hidden = !live.isOffered;
    count.hidden = unread === 0;
    setText(count, badgeWords(unread));
    setAttribute(button, 'aria-label', bellWords(unread));
    setAttribute(button, 'title', bellWords(unread));
    button.dataset.unread = String(unread);
    clearTimeout(saying);
    if (unread > before) saying = setTimeout(() => setText(spoken, bellWords(unread)), SAID_AFTER_MS);
    else if (unread === 0) setText(spoken, '');
    before = unread;
  };
  const element = h('span', { class: 'bell-slot' }, button, spoken);
  button.addEventListener('click', () => {
    panel = new BellPanel(shell, button, () => {
      panel = null;
    });
  });
  const ends = [
    live.onTold(({ notification }) => {
      draw();
      if (notification !== null) panel?.read();
    }),
    live.onGap(() => panel?.read()),
  ];
  live.start(shell.user.id);
  draw();
  return {
    element,
    close() {
      live.stop();
      clearTimeout(saying);
      for (const end of ends) end();
    },
  };
}

/** The newest notifications, while they are looked at. */
class BellPanel {
  readonly #list = h('ul', { class: 'notification-list', 'aria-label': 'Newest notifications' });
  readonly #said = h('p', { class: 'hint empty', role: 'status' }, 'One moment…');
  readonly #readAll = h(
    'button',
    { type: 'button', class: 'quiet', 'aria-disabled': 'true' },
    'Mark all read',
  );
  readonly #popover: Popover;
  #rows: readonly Notification[] = [];
  #turn = 0;

  constructor(
    private readonly shell: Shell,
    anchor: HTMLElement,
    onClose: () => void,
  ) {
    this.#readAll.addEventListener('click', () => void this.#readThese());
    const close = () => this.#popover.close();
    const content = h(
      'div',
      { class: 'bell-panel', 'data-testid': 'bell-panel' },
      h('div', { class: 'bell-head' }, h('h2', {}, 'Notifications'), this.#readAll),
      this.#said,
      this.#list,
      h(
        'div',
        { class: 'bell-foot' },
        h('a', { href: '/inbox', on: { click: close } }, 'Open the inbox'),
        h('a', { href: '/preferences', on: { click: close } }, 'Preferences'),
      ),
    );
    this.#popover = openPopover(anchor, content, { label: 'Notifications', onClose });
    this.#popover.element.classList.add('wide');
    this.#popover.element.focus();
    void this.read();
  }

  async read(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const { api } = this.shell;
    try {
      const { rows } = await listNotifications(api, { state: 'inbox', workspace: null, limit: SHOWN });
      if (turn !== this.#turn) return;
      this.#rows = rows;
      this.#draw();
      const newest = newestOf(rows);
      if (newest !== null && rows.some(({ seen_at }) => seen_at == null)) await seeAll(api, newest);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#said.hidden = false;
      setText(this.#said, sentence(wordsOf(error)));
    }
  }

  #draw(): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.notification;
    fill(
      this.#list,
      ...this.#rows.map((row) =>
        h(
          'li',
          { 'data-unread': isUnread(row) ? '' : null },
          notificationLine(row, () => this.#opened(row)),
        ),
      ),
    );
    this.#said.hidden = this.#rows.length > 0;
    setText(this.#said, 'Nothing here. You are told what concerns you.');
    setAttribute(this.#readAll, 'aria-disabled', this.#rows.some(isUnread) ? null : 'true');
    this.#popover.settle();
    if (focused)
      this.#list.querySelector<HTMLElement>(`[data-notification="${CSS.escape(focused)}"]`)?.focus();
  }

  #opened(row: Notification): void {
    this.#popover.close();
    if (!isUnread(row)) return;
    // Opening comes first; whether it could be marked is seen in the figure.
    void changeNotification(this.shell.api, row.id, { read: true }).then(
      () => this.shell.live.refresh(),
      () => {},
    );
  }

  /** Only what is shown: what comes while the button is pressed stays unread. */
  async #readThese(): Promise<void> {
    const newest = newestOf(this.#rows);
    if (newest === null || this.#readAll.getAttribute('aria-disabled') === 'true') return;
    try {
      await readAll(this.shell.api, newest, null);
      this.shell.live.refresh();
      await this.read();
    } catch (error) {
      this.#said.hidden = false;
      setText(this.#said, sentence(wordsOf(error)));
    }
  }
}
