/**
 * The board: columns of cards, drawn from what the document says and from nothing else.
 *
 * A change draws again what it changed: the lists of the columns that it touched and the cards that look different.
 * All cards have their place at once; those further down get their faces when the browser has time.
 */
import '../ui/ui.css';
import './board.css';
import './card-dialog.css';
import { SCHEMA } from '../board/schema';
import type { BoardView } from '../board/view';
import type { DocumentConnection } from '../document-connection';
import type { Person } from '../identity';
import { arrangeChildren, dropOthers, h, placeChildren, setText } from '../ui/dom';
import { toast } from '../ui/voice';
import { arranged, type Lift } from './arrange';
import { CardElement } from './card';
import { openCardDialog } from './card-dialog';
import { ColumnElement } from './column';
import { openColumnMenu } from './column-menu';
import type { BoardContext } from './context';
import { localDay } from './dates';
import { Dragging, type Drop } from './drag';
import { Faces } from './faces';
import { type Filter, isFiltering, matcher, NO_FILTER } from './filter';
import { found } from './founding';
import { BoardKeys } from './keys';
import { openMoveDialog } from './move-dialog';
import { type Directory, nameOf } from './names';
import { newColumn } from './new-column';
import { type Peer, peersByCard, tellWhereabouts } from './peers';
import { putAway } from './put-away';
import { BoardStore } from './store';
import { Tools } from './tools';

const AT_ONCE = 30;
const PER_SLICE = 120;
const NOBODY: readonly Peer[] = [];
const MINUTE_MS = 60_000;

export interface BoardOptions {
  readonly connection: DocumentConnection;
  /** The user whose edits these are, where users have ids. */
  readonly by: string | null;
  readonly me: () => Person;
  /** The id under which this page's person is put on cards. */
  readonly self: () => string | null;
  readonly directory: () => Directory;
  /** Whether an empty document becomes a board here; otherwise the server makes boards. */
  readonly mayFound: boolean;
  /** The card that is open, for an address that leads to it. */
  readonly onOpen?: (card: string | null) => void;
  /** The card to open as soon as it is here. */
  readonly openFirst?: string | null;
}

export class Board {
  /** The columns. */
  readonly root: HTMLElement;
  /** Filters, undo and the like, for wherever the page has room. */
  readonly tools: HTMLElement;
  readonly store: BoardStore;

  readonly #options: BoardOptions;
  readonly #track: HTMLElement;
  readonly #blank: HTMLElement;
  readonly #newColumn: HTMLElement;
  readonly #context: BoardContext;
  readonly #columns = new Map<string, ColumnElement>();
  readonly #cards = new Map<string, CardElement>();
  readonly #lists = new Map<string, readonly string[]>();
  readonly #faces = new Faces();
  readonly #dragging: Dragging;
  readonly #keys: BoardKeys;
  readonly #tools: Tools;
  readonly #stops: (() => void)[] = [];
  readonly #undrawn = new Set<string>();
  #view: BoardView | null = null;
  #filter: Filter = NO_FILTER;
  #matches: (id: string) => boolean = () => true;
  #peers: ReadonlyMap<string, readonly Peer[]> = new Map();
  #lift: Lift | null = null;
  #open: { readonly id: string; readonly update: () => void; readonly close: () => void } | null = null;
  #held: string | null = null;
  #today = localDay(new Date());
  #first: string | null;
  #isDue = false;
  #isAllDue = false;
  #idle = 0;
  /** The one card that the Tab key reaches. */
  #stop: string | null = null;

  constructor(options: BoardOptions) {
    this.#options = options;
    this.#first = options.openFirst ?? null;
    const { connection } = options;
    this.store = new BoardStore({
      doc: connection.doc,
      by: options.by,
      onTouched: () => this.#schedule(),
      onHistory: () => this.#schedule(),
      say: toast,
    });
    this.#track = h('div', { class: 'board-track' });
    this.#blank = h('div', { class: 'board-blank' });
    this.#newColumn = newColumn(this.store, this.#track);
    this.root = h(
      'div',
      { class: 'board', 'data-testid': 'board', 'data-ready': 'false' },
      h(
        'p',
        { class: 'hidden', id: 'board-keys' },
        'Space lifts the card, e opens it, question mark shows all keys.',
      ),
      this.#blank,
      this.#track,
    );
    this.#context = this.#makeContext();
    this.#tools = new Tools(this.#context);
    this.tools = this.#tools.root;
    this.#dragging = new Dragging({
      track: this.#track,
      canDrag: () => this.store.isWritable && this.#lift === null,
      onStart: (kind, id) => this.#hold(kind === 'card' ? id : null),
      onEnd: (drop) => this.#dropped(drop),
    });
    this.#keys = new BoardKeys({
      context: this.#context,
      root: this.root,
      view: () => this.store.view,
      lift: () => this.#lift,
      setLift: (lift) => this.#setLift(lift),
      isShown: (card) => this.#matches(card),
      compose: (column, at) => this.#columns.get(column)?.compose(at),
      search: () => this.#tools.search(),
    });
    this.#listen();
    this.#synced();
  }

  /** Puts the focus on the card that had it last, or on the first. */
  focus(): void {
    if (this.#stop !== null) this.focusCard(this.#stop);
  }

  focusCard(id: string): void {
    this.#draw(); // it may have come just now
    const card = this.#cards.get(id);
    if (!card?.item.isConnected || card.item.hidden) return;
    this.#face(card);
    this.#setStop(id);
    card.face.focus({ preventScroll: true });
    card.face.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** Names of people, or the like, are known better now. */
  refresh(): void {
    this.#isAllDue = true;
    this.#schedule();
  }

  openCard(id: string): void {
    if (this.#open !== null || this.store.view.cards.get(id) === undefined) return;
    const dialog = openCardDialog(this.#context, id, () => {
      this.#open = null;
      this.#tell();
      this.#options.onOpen?.(null);
    });
    this.#open = { id, ...dialog };
    this.#tell();
    this.#options.onOpen?.(id);
  }

  destroy(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#open?.close();
    this.#dragging.cancel();
    this.#keys.destroy();
    cancelIdleCallback(this.#idle);
    this.store.destroy();
    this.root.remove();
    this.tools.remove();
  }

  #makeContext(): BoardContext {
    const { connection, self, me, directory } = this.#options;
    return {
      store: this.store,
      connection,
      self,
      me,
      directory,
      filter: () => this.#filter,
      setFilter: (filter) => {
        this.#filter = filter;
        this.refresh();
      },
      peersAt: (card) => this.#peers.get(card) ?? NOBODY,
      blockersOf: (card) => this.#faces.blockersOf(card),
      openCard: (card) => this.openCard(card),
      editTitle: (card) => this.#editTitle(card),
      focusCard: (card) => this.focusCard(card),
      chooseMove: (card) => openMoveDialog(this.#context, card),
      removeCard: (card, how) => putAway(this.#context, card, how),
      today: () => this.#today,
    };
  }

  #listen(): void {
    const { connection } = this.#options;
    this.#stops.push(connection.onChange(() => this.#synced()));
    const onPeers = () => this.#meet();
    connection.awareness.on('change', onPeers);
    this.#stops.push(() => connection.awareness.off('change', onPeers));
    const clock = setInterval(() => {
      const today = localDay(new Date());
      if (today === this.#today) return;
      this.#today = today;
      this.refresh();
    }, MINUTE_MS);
    this.#stops.push(() => clearInterval(clock));
    this.#track.addEventListener('click', (event) => this.#clicked(event));
    this.#track.addEventListener('focusin', (event) => {
      const id = (event.target as Element).closest<HTMLElement>('.bcard')?.dataset.card;
      if (id !== undefined) this.#setStop(id);
    });
  }

  /** The document is here, or something else about its connection has changed. */
  #synced(): void {
    const { connection, mayFound } = this.#options;
    if (connection.isSynced && connection.isWritable && mayFound) found(connection.doc);
    this.store.isWritable = connection.wasSynced && connection.isWritable;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#isDue = false;
    const view = this.store.view;
    const isAll = this.#isAllDue;
    this.#isAllDue = false;
    this.#drawBlank(view);
    const changed = this.#faces.take(view);
    if (isAll || changed === null || view !== this.#view) this.#match(view);
    this.#view = view;
    const lists = arranged(view, this.#lift);
    this.#drawColumns(view, lists);
    const dirty = isAll || changed === null ? this.#cards.keys() : changed;
    for (const id of dirty) {
      const card = this.#cards.get(id);
      if (card?.isDrawn) this.#face(card);
    }
    this.#keepStop(view, lists);
    this.#tools.draw(view);
    this.#open?.update();
    this.#drawLater();
    if (this.#first !== null && view.cards.has(this.#first)) {
      const id = this.#first;
      this.#first = null;
      this.openCard(id);
    }
  }

  /** What stands there while there is nothing to show. */
  #drawBlank(view: BoardView): void {
    const { wasSynced } = this.#options.connection;
    const isBoard = view.schema === SCHEMA;
    this.root.dataset.ready = String(isBoard && wasSynced);
    this.#track.hidden = !isBoard;
    const text = whyBlank(view, wasSynced);
    this.#blank.hidden = text === null;
    setText(this.#blank, text ?? '');
  }

  #match(view: BoardView): void {
    const directory = this.#options.directory();
    if (!isFiltering(this.#filter)) {
      this.#matches = () => true;
    } else {
      const words = matcher(this.#filter, ({ labels, assignees }) =>
        [
          ...this.#faces.labelsOf(labels).map(({ name }) => name),
          ...assignees.map((id) => nameOf(directory, id)),
        ].join(' '),
      );
      const fitting = new Set([...view.cards].filter(([, card]) => words(card)).map(([id]) => id));
      this.#matches = (id) => fitting.has(id);
    }
    for (const [id, card] of this.#cards) card.item.hidden = !this.#matches(id);
  }

  #drawColumns(view: BoardView, lists: ReadonlyMap<string, readonly string[]>): void {
    const lost = this.#losingFocus(lists);
    const { isWritable } = this.store;
    const focused = document.activeElement;
    const changed: [HTMLElement, HTMLElement[]][] = [];
    for (const column of view.columns) {
      const element = this.#column(column.id);
      const cards = lists.get(column.id) ?? column.cards;
      const shown = isFiltering(this.#filter) ? cards.filter(this.#matches).length : cards.length;
      element.draw({ column, shown, isWritable });
      if (this.#lists.get(column.id) === cards) continue;
      this.#lists.set(column.id, cards);
      changed.push([element.list, cards.map((id, at) => this.#card(id, at < AT_ONCE).item)]);
    }
    // Nobody leaves before everybody has come: a card that goes from one list into another never leaves the page.
    for (const [list, items] of changed) placeChildren(list, items);
    for (const [list, items] of changed) dropOthers(list, items);
    if (
      focused instanceof HTMLElement &&
      focused !== document.activeElement &&
      this.#track.contains(focused)
    ) {
      focused.focus({ preventScroll: true });
    }
    const staying = new Set(view.columns.map(({ id }) => id));
    for (const id of [...this.#columns.keys()]) {
      if (staying.has(id)) continue;
      this.#columns.delete(id);
      this.#lists.delete(id);
    }
    this.#newColumn.hidden = !isWritable;
    const roots = view.columns.map(({ id }) => this.#column(id).root);
    arrangeChildren(this.#track, [...roots, this.#newColumn]);
    for (const [id, card] of this.#cards) {
      if (card.item.isConnected || view.cards.get(id)?.state === 'open') continue;
      this.#cards.delete(id);
      this.#undrawn.delete(id);
    }
    if (lost !== null) this.#focusAfter(lost, lists);
  }

  /** Where the focus is, if the card that has it is about to go. */
  #losingFocus(lists: ReadonlyMap<string, readonly string[]>): { column: string; at: number } | null {
    const id = document.activeElement?.closest<HTMLElement>('.bcard')?.dataset.card;
    if (id === undefined || [...lists.values()].some((list) => list.includes(id))) return null;
    for (const [column, list] of this.#lists) {
      if (list.includes(id)) return { column, at: list.indexOf(id) };
    }
    return null;
  }

  #focusAfter(
    { column, at }: { column: string; at: number },
    lists: ReadonlyMap<string, readonly string[]>,
  ): void {
    const list = (lists.get(column) ?? []).filter(this.#matches);
    const next = list[Math.min(at, list.length - 1)];
    if (next !== undefined) queueMicrotask(() => this.focusCard(next));
    else this.#columns.get(column)?.root.querySelector<HTMLElement>('.column-add')?.focus();
  }

  #column(id: string): ColumnElement {
    const known = this.#columns.get(id);
    if (known) return known;
    const column = new ColumnElement(id, {
      rename: (column, title) => this.store.act((board) => board.rename('columns', column, title)),
      menu: (column, anchor) =>
        openColumnMenu(this.#context, column, anchor, () => this.#columns.get(column)?.rename()),
      add: (column, title, at) => this.#add(column, title, at),
      focusCard: (card) => this.focusCard(card),
    });
    this.#columns.set(id, column);
    return column;
  }

  #add(column: string, title: string, at: 'first' | 'last'): string | null {
    const id = this.store.createCard((board, card) => board.createCard(card, title, column, at));
    if (id !== null) {
      this.#draw();
      if (!this.#matches(id)) toast('The new card is hidden: it does not fit the filter.');
    }
    return id;
  }

  #card(id: string, atOnce: boolean): CardElement {
    let card = this.#cards.get(id);
    if (card === undefined) {
      card = new CardElement(id);
      card.item.hidden = !this.#matches(id);
      this.#cards.set(id, card);
      if (!atOnce) this.#undrawn.add(id);
    }
    if (atOnce && !card.isDrawn) this.#face(card);
    return card;
  }

  #face(card: CardElement): void {
    const face = this.#faces.face(card.id, {
      directory: this.#options.directory(),
      today: this.#today,
      peersAt: this.#context.peersAt,
    });
    if (face === null) return;
    this.#undrawn.delete(card.id);
    card.draw(face);
  }

  #drawLater(): void {
    cancelIdleCallback(this.#idle);
    if (this.#undrawn.size === 0) return;
    this.#idle = requestIdleCallback(
      () => {
        for (const id of [...this.#undrawn].slice(0, PER_SLICE)) {
          const card = this.#cards.get(id);
          if (card) this.#face(card);
          this.#undrawn.delete(id);
        }
        this.#drawLater();
      },
      { timeout: 200 },
    );
  }

  #setStop(id: string | null): void {
    if (this.#stop === id) return;
    const before = this.#stop === null ? undefined : this.#cards.get(this.#stop);
    if (before) before.face.tabIndex = -1;
    this.#stop = id;
    const now = id === null ? undefined : this.#cards.get(id);
    if (now) now.face.tabIndex = 0;
  }

  #keepStop(view: BoardView, lists: ReadonlyMap<string, readonly string[]>): void {
    const isThere =
      this.#stop !== null && view.cards.get(this.#stop)?.state === 'open' && this.#matches(this.#stop);
    if (isThere) return;
    const first = [...lists.values()].flat().find((id) => this.#matches(id));
    this.#setStop(first ?? null);
  }

  #meet(): void {
    const { connection, me } = this.#options;
    const before = this.#peers;
    this.#peers = peersByCard(connection.awareness.getStates(), connection.doc.clientID, me());
    for (const id of new Set([...before.keys(), ...this.#peers.keys()])) {
      const card = this.#cards.get(id);
      if (card?.isDrawn) this.#face(card);
    }
    if (this.#open !== null) this.#schedule();
  }

  #tell(): void {
    tellWhereabouts(this.#options.connection.awareness, { card: this.#open?.id ?? null, drag: this.#held });
  }

  #hold(card: string | null): void {
    this.#held = card;
    this.#tell();
  }

  #setLift(lift: Lift | null): void {
    const [before, now] = [this.#lift?.card ?? null, lift?.card ?? null];
    this.#lift = lift;
    if (before !== now) {
      if (before !== null) this.#cards.get(before)?.face.removeAttribute('data-lifted');
      if (now !== null) this.#cards.get(now)?.face.setAttribute('data-lifted', '');
      this.#hold(now);
    }
    this.#draw();
    if (now !== null) this.#cards.get(now)?.face.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #dropped(drop: Drop | null): void {
    this.#hold(null);
    if (drop === null) return;
    if (drop.kind === 'card') {
      this.moveCard(drop.id, drop.target.column, drop.target.after);
      return;
    }
    const order = this.store.view.columns.map(({ id }) => id);
    if (order[order.indexOf(drop.id) + 1] === (drop.before ?? undefined)) return;
    const at = drop.before === null ? ('last' as const) : { before: drop.before };
    this.store.act((board) => board.reorder('columns', drop.id, at));
  }

  /** Moves a card behind another one of a column, or to its beginning; nothing is written if it stands there. */
  moveCard(id: string, column: string, after: string | null): void {
    const list = this.store.view.columns.find((one) => one.id === column)?.cards ?? [];
    const at = list.indexOf(id);
    if (at >= 0 && (list[at - 1] ?? null) === after) return;
    // Who has gone elsewhere meanwhile is no neighbour any more: then the end.
    const place = after === null ? 'first' : list.includes(after) ? { after } : 'last';
    this.store.act((board) => board.moveCards([id], column, place));
  }

  #clicked(event: MouseEvent): void {
    const target = event.target as Element;
    const id = target.closest<HTMLElement>('.bcard')?.dataset.card;
    if (id === undefined || target.closest('textarea') !== null) return;
    if (target.closest('[data-act=rename]') !== null) this.#editTitle(id);
    else this.openCard(id);
  }

  #editTitle(id: string): void {
    const card = this.#cards.get(id);
    const shown = this.store.view.cards.get(id);
    if (card === undefined || shown === undefined || !this.store.isWritable) return;
    const hadFocus = card.face === document.activeElement || card.face.contains(document.activeElement);
    card.edit(shown.title, (typed) => {
      const title = typed?.replace(/\s+/g, ' ').trim();
      if (title && title !== shown.title) this.store.act((board) => board.renameCard(id, title));
      this.#face(card);
      if (hadFocus && document.activeElement === document.body) card.face.focus();
    });
  }
}

function whyBlank({ schema, unsorted }: BoardView, wasSynced: boolean): string | null {
  if (schema === SCHEMA) {
    return unsorted.length > 0 ? `${unsorted.length} cards wait for a column.` : null;
  }
  if (schema !== null) return 'This board is of a newer kind than this page. Reload to get the newest page.';
  return wasSynced ? 'There is no board in this document yet.' : 'Fetching the board…';
}
