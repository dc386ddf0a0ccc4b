/** What all pages for people with accounts have around them: the bar, the way from one to the other, the login. */
import { type Api, createApi } from '../api/client';
import { avatar } from '../board-page/avatar';
import { getCounts } from '../notifications/calls';
import { type Device, thisDevice } from '../notifications/device';
import { browserParts, LiveNotifications } from '../notifications/live';
import { badgeWords } from '../notifications/words';
import { fill, h } from '../ui/dom';
import { icon } from '../ui/icons';
import { openMenu } from '../ui/popover';
import type { Credentials, User } from './credentials';
import { BAR, PAGES } from './pages';
import { type BarItem, findPage, type OpenPage } from './router';
import { signInForm } from './sign-in';

/** How long a logout waits for what it ends on this device. */
const LEAVING_MS = 3_000;

export class Shell {
  readonly api: Api;
  /** What whoever is logged in is told, as it happens. */
  readonly live: LiveNotifications;
  /** This browser as something that is told; null where it cannot be. */
  readonly device: Device | null;
  /** Where a page puts what belongs into the bar, such as who is here. It is emptied when another page comes. */
  readonly slot = h('div', { class: 'bar-slot' });

  readonly #main = h('main', { id: 'page', tabindex: -1 });
  readonly #nav = h('nav', { class: 'bar-nav', 'aria-label': 'Pages' });
  readonly #items = h('div', { class: 'bar-items' });
  #page: OpenPage | null = null;
  /** Counts openings, so that one that was overtaken is not shown. */
  #turn = 0;
  #userShown: string | null = null;
  #title = 'Weft';
  /** What stands in the bar, and for whom it was made. */
  #bar: { readonly user: string; readonly items: readonly BarItem[] } | null = null;

  constructor(
    root: HTMLElement,
    private readonly credentials: Credentials,
  ) {
    this.api = createApi({ token: () => credentials.token() });
    this.api.use({
      onResponse({ response }) {
        if (response.status === 401) credentials.distrust();
      },
    });
    this.live = new LiveNotifications({
      ...browserParts(),
      getCounts: () => getCounts(this.api),
      openStream: (lastId, signal) => this.#openStream('/v1/notifications/stream', lastId, signal),
    });
    this.live.onTold(() => this.#drawTitle());
    this.device = thisDevice(this.api);
    this.#keepDevice();
    navigator.serviceWorker?.addEventListener('message', ({ data }) => this.#sentTo(data));
    const brand = h(
      'a',
      { class: 'brand', href: '/boards', title: 'All boards' },
      h('img', { src: new URL('../icon.svg', import.meta.url).href, alt: '', width: 26, height: 26 }),
      h('span', {}, 'Weft'),
    );
    root.append(
      h(
        'header',
        { class: 'app-bar' },
        brand,
        this.#nav,
        h('span', { class: 'gap' }),
        this.slot,
        this.#items,
      ),
      this.#main,
    );
    document.addEventListener('click', (event) => this.#followed(event));
    window.addEventListener('popstate', () => void this.show());
    window.addEventListener('storage', ({ key }) => credentials.changedElsewhere(key));
    credentials.onChange = () => {
      if ((credentials.user?.id ?? null) === this.#userShown) return;
      this.#keepDevice();
      void this.show();
    };
  }

  /** Whoever is logged in. Pages are only open while somebody is. */
  get user(): User {
    const { user } = this.credentials;
    if (user === null) throw new Error('nobody is logged in');
    return user;
  }

  /** Goes to another page of this application. */
  go(path: string): void {
    history.pushState(null, '', path);
    void this.show();
  }

  /** Shows the page of the present address. */
  async show(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#page?.close();
    this.#page = null;
    fill(this.slot);
    const { user } = this.credentials;
    this.#userShown = user?.id ?? null;
    this.#drawBar(user);
    if (user === null) {
      this.#put('Log in', signInForm(this.credentials), false);
      return;
    }
    const found = findPage(PAGES, location.pathname);
    if (found === null) {
      this.#put('Not found', message('There is no such page.'), false);
      return;
    }
    this.#put('Weft', message('One moment…'), false);
    try {
      const page = await found.kind.open(this, found.parameters);
      if (turn !== this.#turn) {
        page.close();
        return;
      }
      this.#page = page;
      this.#put(page.title, page.element, page.isFull === true);
    } catch (error) {
      if (turn !== this.#turn) return;
      const words = error instanceof PageError ? error.message : 'The server does not answer.';
      const again = h(
        'button',
        { type: 'button', class: 'primary', on: { click: () => void this.show() } },
        'Try again',
      );
      const offer = error instanceof PageError ? error.offer : null;
      this.#put('Weft', h('div', { class: 'page-message' }, h('p', {}, words), again, offer), false);
      if (!(error instanceof PageError)) throw error;
    }
  }

  setTitle(title: string): void {
    this.#title = title;
    this.#drawTitle();
  }

  /** What is unread stands before the title, where it is seen among other tabs. */
  #drawTitle(): void {
    const unread = this.live.counts?.unread ?? 0;
    const title = this.#title === 'Weft' ? this.#title : `${this.#title} · Weft`;
    document.title = unread === 0 ? title : `(${badgeWords(unread)}) ${title}`;
  }

  #put(title: string, element: HTMLElement, isFull: boolean): void {
    this.setTitle(title);
    document.body.classList.toggle('with-board', isFull);
    fill(this.#main, element);
  }

  #drawBar(user: User | null): void {
    this.#nav.hidden = user === null;
    fill(
      this.#nav,
      ...PAGES.map(({ link }) => {
        if (!link) return null;
        const isHere = location.pathname.startsWith(link.href);
        return h(
          'a',
          // The word is not shown where there is little room.
          { href: link.href, 'aria-label': link.label, 'aria-current': isHere ? 'page' : null },
          icon(link.icon),
          h('span', {}, link.label),
        );
      }),
    );
    this.#drawItems(user);
  }

  /** What belongs to a login is made once for it, and ended with it. */
  #drawItems(user: User | null): void {
    if (this.#bar?.user === user?.id) return;
    for (const item of this.#bar?.items ?? []) item.close();
    this.#bar = null;
    fill(this.#items);
    if (user === null) return;
    this.#bar = { user: user.id, items: BAR.map((make) => make(this)) };
    fill(this.#items, ...this.#bar.items.map(({ element }) => element), this.#accountButton(user));
  }

  #accountButton(user: User): HTMLElement {
    const name = nameOfUser(user);
    const ways = PAGES.flatMap(({ menu }) => (menu ? [menu] : []));
    const account: HTMLButtonElement = h(
      'button',
      {
        type: 'button',
        class: 'account-button',
        'aria-haspopup': 'menu',
        'aria-expanded': 'false',
        'data-testid': 'account',
        on: {
          click: () =>
            openMenu(account, 'Account', [
              ...ways.map(({ label, icon, href }) => ({ label, icon, run: () => this.go(href) })),
              null,
              { label: `Log out ${name}`, icon: 'signout', run: () => void this.#logOut() },
            ]),
        },
      },
      avatar(user.id, name),
    );
    return account;
  }

  /** What this device was subscribed for ends with the login, while the server still takes our word for it. */
  async #logOut(): Promise<void> {
    const leaving = this.device?.turnOff().catch(() => {});
    await Promise.race([leaving, new Promise((resolve) => setTimeout(resolve, LEAVING_MS))]);
    await this.credentials.logOut();
  }

  #keepDevice(): void {
    // What could not be done now is tried when the page is loaded the next time.
    void this.device?.keep(this.credentials.user?.id ?? null).catch(() => {});
  }

  /** Somebody has followed a notification of the device, and this tab was opened where it leads. */
  #sentTo(word: unknown): void {
    const { kind, url } = (word ?? {}) as { readonly kind?: unknown; readonly url?: unknown };
    if (kind !== 'open' || typeof url !== 'string') return;
    const { origin, pathname, search } = new URL(url, location.href);
    const path = pathname + search;
    if (origin === location.origin && path !== location.pathname + location.search) this.go(path);
  }

  /** A stream of events. `EventSource` could not show a token. */
  async #openStream(path: string, lastId: string, signal: AbortSignal): Promise<Response> {
    const token = await this.credentials.token();
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (token) headers.authorization = `Bearer ${token}`;
    if (lastId !== '') headers['last-event-id'] = lastId;
    const response = await fetch(path, { headers, signal, cache: 'no-store' });
    if (response.status === 401) this.credentials.distrust();
    return response;
  }

  /** Links between pages load nothing anew. */
  #followed(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey)
      return;
    const link = (event.target as Element).closest('a');
    if (link === null || link.target !== '' || link.origin !== location.origin) return;
    if (findPage(PAGES, link.pathname) === null) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

/** Why something cannot be shown or done, in words for people. */
export class PageError extends Error {
  /** The members of the request that are wrong, if it is about them. */
  fields: readonly string[] = [];
  /** The status of the answer; 0 if there was none. */
  status = 0;
  /** What else somebody can do about it. */
  offer: HTMLElement | null = null;
}

export function nameOfUser({ first_name, last_name }: Pick<User, 'first_name' | 'last_name'>): string {
  return `${first_name} ${last_name}`.trim() || 'Somebody';
}

function message(text: string): HTMLElement {
  return h('div', { class: 'page-message' }, h('p', {}, text));
}
