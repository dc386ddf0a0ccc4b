/** The inbox: what somebody is told, to be read, snoozed and archived, by mouse, finger or keys alone. */
import type { Notification, NotificationPatch, NotificationState } from '../api/notifications';
import { listWorkspaces } from '../app/boards';
import { chooser } from '../app/chooser';
import { wordsOf } from '../app/lists';
import type { OpenPage } from '../app/router';
import type { Shell } from '../app/shell';
import { keysAreOn } from '../board-page/settings';
import { changeNotification, listNotifications, readAll, seeAll } from '../notifications/calls';
import { isUnread, newestOf } from '../notifications/words';
import { arrangeChildren, h, setAttribute, setText } from '../ui/dom';
import { icon } from '../ui/icons';
import { openMenu } from '../ui/popover';
import { announce, toast } from '../ui/voice';
import { countWords, sentence } from '../ui/words';
import { type Act, actOf, isElsewhere, placeAfter } from './keys';
import { InboxRow, type RowActs } from './row';
import { allRead, changed, fits, neighbour, put, putAll, STATES, stateIn, type View } from './rows';
import { snoozeChoices, untilWords } from './snooze';
import './inbox.css';

const AT_ONCE = 30;
const EVERYWHERE = { id: '', name: 'All workspaces' };
const EMPTY: Readonly<Record<NotificationState, string>> = {
  inbox: 'Nothing here. You are told what concerns you: mentions, tasks of yours, answers.',
  unread: 'Everything is read.',
  snoozed: 'Nothing is snoozed.',
  archived: 'Nothing is archived.',
};

export async function openInbox(shell: Shell): Promise<OpenPage> {
  const inbox = new Inbox(shell);
  const [workspaces] = await Promise.all([listWorkspaces(shell.api), inbox.read()]);
  inbox.offer(workspaces);
  return { title: 'Inbox', element: inbox.element, close: () => inbox.close() };
}

class Inbox {
  readonly element: HTMLElement;
  #view: View = { state: stateIn(location.search), workspace: null };
  #notifications: readonly Notification[] = [];
  #next: string | undefined;
  #turn = 0;
  /** What was told since the list was asked for: the answer may be older. Null while nothing is asked. */
  #meanwhile: Notification[] | null = null;

  readonly #rows = new Map<string, InboxRow>();
  readonly #head = h('div', { class: 'page-head' }, h('h1', {}, 'Inbox'));
  readonly #states = h('nav', { class: 'segments', 'aria-label': 'Which notifications' });
  readonly #list = h('ul', {
    class: 'inbox-list notification-list',
    'data-testid': 'inbox',
    'aria-label': 'Notifications',
  });
  readonly #empty = h('p', { class: 'hint empty', hidden: true });
  readonly #more = h('button', { type: 'button', class: 'tool framed' }, 'Show more');
  readonly #readAll = h('button', { type: 'button', class: 'tool framed' }, icon('check'), 'Mark all read');
  readonly #ends: readonly (() => void)[];

  constructor(private readonly shell: Shell) {
    for (const [state, label] of STATES) {
      const link = h('a', { href: `/inbox?state=${state}`, 'data-state': state }, label);
      link.addEventListener('click', (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        history.replaceState(null, '', `/inbox?state=${state}`);
        this.#look({ ...this.#view, state });
      });
      this.#states.append(link);
    }
    this.#more.addEventListener('click', () => void this.#try(() => this.read(true)));
    this.#readAll.addEventListener('click', () => void this.#try(() => this.#readThese()));
    this.element = h(
      'div',
      { class: 'inbox' },
      this.#head,
      h('div', { class: 'row wrapping' }, this.#states, h('span', { class: 'gap' }), this.#readAll),
      this.#list,
      this.#empty,
      this.#more,
      h('p', { class: 'hint inbox-keys' }, ...keyWords()),
    );
    const pressed = (event: KeyboardEvent) => this.#pressed(event);
    // What was snoozed may be due again. Whoever has gone far down the list is not taken back to its beginning.
    const seen = () => {
      if (document.visibilityState !== 'visible' || this.#notifications.length > AT_ONCE) return;
      void this.#try(() => this.read());
    };
    document.addEventListener('keydown', pressed);
    document.addEventListener('visibilitychange', seen);
    this.#ends = [
      () => document.removeEventListener('keydown', pressed),
      () => document.removeEventListener('visibilitychange', seen),
      shell.live.onTold(({ notification }) => {
        if (notification === null) return;
        this.#meanwhile?.push(notification);
        this.#put(notification);
      }),
      shell.live.onGap(() => void this.#try(() => this.read())),
    ];
  }

  close(): void {
    this.#turn += 1;
    for (const end of this.#ends) end();
  }

  offer(workspaces: readonly { readonly id: string; readonly name: string }[]): void {
    const things = workspaces.length > 1 ? [EVERYWHERE, ...workspaces] : [];
    const choice = chooser('Workspace', things, '', (id) =>
      this.#look({ ...this.#view, workspace: id === '' ? null : id }),
    );
    const preferences = h(
      'a',
      { class: 'icon-button', href: '/preferences', 'aria-label': 'Preferences', title: 'Preferences' },
      icon('settings'),
    );
    if (choice !== null) this.#head.append(choice);
    this.#head.append(preferences);
  }

  /** Asks for the newest, or for what follows what is shown. */
  async read(isMore = false): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const cursor = isMore ? this.#next : undefined;
    const meanwhile: Notification[] = [];
    this.#meanwhile = meanwhile;
    const asked = listNotifications(this.shell.api, { ...this.#view, limit: AT_ONCE, cursor });
    const { rows, next } = await asked.finally(() => {
      if (turn === this.#turn) this.#meanwhile = null;
    });
    if (turn !== this.#turn) return;
    const known = new Set(isMore ? this.#notifications.map(({ id }) => id) : []);
    const fresh = rows.filter(({ id }) => !known.has(id));
    const listed = isMore ? [...this.#notifications, ...fresh] : fresh;
    this.#notifications = putAll(listed, meanwhile, this.#view, Date.now());
    this.#next = next;
    this.#draw();
    const newest = newestOf(rows);
    // The figure of what is unseen is a matter of the bell; if this fails, the next look says it again.
    if (newest !== null && rows.some(({ seen_at }) => seen_at == null)) {
      await seeAll(this.shell.api, newest).catch(() => {});
    }
  }

  #look(view: View): void {
    this.#view = view;
    this.#notifications = [];
    this.#next = undefined;
    void this.#try(() => this.read());
    this.#drawStates();
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      toast(sentence(wordsOf(error)));
    }
  }

  #put(notification: Notification): void {
    const at = this.#indexOf(this.#focused());
    this.#notifications = put(this.#notifications, notification, this.#view, Date.now());
    this.#draw();
    // The focus does not fall off the list with the row that has gone.
    if (at >= 0 && this.#focused() === null && document.activeElement === document.body) {
      const next = neighbour(this.#notifications, at);
      if (next) this.#rows.get(next.id)?.focus();
    }
  }

  #draw(): void {
    this.#drawStates();
    const acts: RowActs = {
      open: (one) => this.#opened(one),
      toggleRead: (one) => this.#toggleRead(one),
      toggleArchived: (one) => this.#toggleArchived(one),
      snooze: (one, anchor) => this.#snooze(one, anchor),
    };
    const wanted = this.#notifications.map((one) => {
      const row = this.#rows.get(one.id) ?? new InboxRow(acts);
      this.#rows.set(one.id, row);
      row.draw(one);
      return row.element;
    });
    arrangeChildren(this.#list, wanted);
    const kept = new Set(this.#notifications.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
    this.#list.hidden = wanted.length === 0;
    this.#empty.hidden = wanted.length > 0;
    setText(this.#empty, EMPTY[this.#view.state]);
    this.#more.hidden = this.#next === undefined;
    this.#readAll.hidden = !this.#notifications.some(isUnread);
  }

  #drawStates(): void {
    for (const link of this.#states.querySelectorAll('a')) {
      setAttribute(link, 'aria-current', link.dataset.state === this.#view.state ? 'page' : null);
    }
  }

  /** Shows what a change will make of it, makes it, and takes it back where the server does not. */
  async #change(one: Notification, change: NotificationPatch): Promise<boolean> {
    this.#put(changed(one, change, Date.now()));
    try {
      this.#put(await changeNotification(this.shell.api, one.id, change));
      this.shell.live.refresh();
      return true;
    } catch (error) {
      this.#put(one);
      toast(sentence(wordsOf(error)));
      return false;
    }
  }

  #opened(one: Notification): void {
    if (isUnread(one)) void this.#change(one, { read: true });
  }

  #toggleRead(one: Notification): void {
    const read = isUnread(one);
    announce(read ? 'Read' : 'Unread');
    void this.#change(one, { read });
  }

  async #toggleArchived(one: Notification): Promise<void> {
    const archived = one.archived_at == null;
    // Whoever archives it has read it.
    const change: NotificationPatch = archived ? { archived, read: true } : { archived };
    if (!(await this.#change(one, change)) || !archived) return;
    const back: NotificationPatch = isUnread(one) ? { archived: false, read: false } : { archived: false };
    toast('It is archived.', { label: 'Undo', run: () => void this.#change(one, back) });
  }

  #snooze(one: Notification, anchor: HTMLElement): void {
    const choices = snoozeChoices(new Date()).map((until) => ({
      label: untilWords(until),
      icon: 'clock' as const,
      run: () => void this.#snoozeUntil(one, until.at.toISOString()),
    }));
    const isOff = this.#view.state === 'snoozed';
    const back = {
      label: 'Back into the inbox',
      icon: 'inbox' as const,
      run: () => void this.#snoozeUntil(one, null),
    };
    openMenu(anchor, 'Snooze', isOff ? [...choices, null, back] : choices);
  }

  async #snoozeUntil(one: Notification, until: string | null): Promise<void> {
    if (!(await this.#change(one, { snoozed_until: until })) || until === null) return;
    toast('It is snoozed.', {
      label: 'Undo',
      run: () => void this.#change(one, { snoozed_until: null }),
    });
  }

  /** Only what is shown: what comes meanwhile stays unread. */
  async #readThese(): Promise<void> {
    const newest = newestOf(this.#notifications);
    if (newest === null) return;
    const count = await readAll(this.shell.api, newest, this.#view.workspace);
    const now = Date.now();
    this.#notifications = allRead(this.#notifications, newest, now).filter((one) =>
      fits(one, this.#view, now),
    );
    this.#draw();
    this.shell.live.refresh();
    announce(`${countWords(count, 'notification', 'notifications')} marked as read`);
    await this.read();
  }

  #focused(): string | null {
    const row = document.activeElement?.closest<HTMLElement>('.inbox-list > li');
    return row?.dataset.row ?? null;
  }

  #indexOf(id: string | null): number {
    return this.#notifications.findIndex((one) => one.id === id);
  }

  #pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || isElsewhere(event.target)) return;
    const act = actOf(event, keysAreOn());
    if (act === null) return;
    const at = this.#indexOf(this.#focused());
    // Arrows scroll the page as ever where no row has the focus.
    if (at < 0 && event.key.length > 1) return;
    const one = this.#notifications[at];
    if (isMove(act)) this.#goTo(placeAfter(act, at, this.#notifications.length));
    else if (one !== undefined) this.#do(act, one);
    else return;
    event.preventDefault();
  }

  #goTo(at: number): void {
    const one = this.#notifications[at];
    if (one !== undefined) this.#rows.get(one.id)?.focus();
  }

  #do(act: Act, one: Notification): void {
    if (act === 'archive') void this.#toggleArchived(one);
    else if (act === 'read') this.#toggleRead(one);
    else if (act === 'snooze') this.#rows.get(one.id)?.openSnooze();
  }
}

function isMove(act: Act): boolean {
  return act === 'next' || act === 'previous' || act === 'first' || act === 'last';
}

function keyWords(): Node[] {
  const keys: readonly (readonly [string, string])[] = [
    ['j', 'next'],
    ['k', 'previous'],
    ['Enter', 'open'],
    ['u', 'read or unread'],
    ['e', 'archive'],
    ['s', 'snooze'],
  ];
  return keys.map(([key, what]) => h('span', {}, h('kbd', {}, key), ` ${what}`));
}
