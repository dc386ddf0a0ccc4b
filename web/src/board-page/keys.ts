/**
 * The board by keys alone. Keys without Ctrl count only while nothing is typed, and can be switched off: people who
 * speak to their computer would set them off by accident.
 */
import type { BoardView } from '../board/view';
import { announce } from '../ui/voice';
import { type Arrow, arranged, type Lift, neighbour, stepped, type Target } from './arrange';
import { type BoardContext, titleOf } from './context';
import { openHelp } from './help';
import { keysAreOn } from './settings';

export interface KeysHost {
  readonly context: BoardContext;
  readonly root: HTMLElement;
  readonly view: () => BoardView;
  readonly lift: () => Lift | null;
  readonly setLift: (lift: Lift | null) => void;
  readonly isShown: (card: string) => boolean;
  readonly compose: (column: string, at: 'first' | 'last') => void;
  readonly search: () => void;
}

const ARROWS: Readonly<Record<string, Arrow>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  Home: 'first',
  End: 'last',
};

const LETTERS: Readonly<Record<string, Arrow>> = { k: 'up', j: 'down' };

export class BoardKeys {
  readonly #host: KeysHost;
  /** Where the lifted card came from, by position, to be said when it goes back. */
  #from: Target | null = null;

  constructor(host: KeysHost) {
    this.#host = host;
    document.addEventListener('keydown', this.#pressed);
    host.root.addEventListener('focusout', this.#left);
  }

  destroy(): void {
    document.removeEventListener('keydown', this.#pressed);
    this.#host.root.removeEventListener('focusout', this.#left);
  }

  readonly #left = (event: FocusEvent) => {
    const lift = this.#host.lift();
    if (lift === null) return;
    // Moving a card in the page can take its focus for a moment.
    queueMicrotask(() => {
      const now = document.activeElement?.closest<HTMLElement>('.bcard')?.dataset.card;
      if (now !== lift.card && document.hasFocus() && event.relatedTarget !== null) this.#cancel();
    });
  };

  readonly #pressed = (event: KeyboardEvent) => {
    const { root, context } = this.#host;
    if (event.defaultPrevented || event.isComposing || !isVisible(root)) return;
    const active = document.activeElement;
    const isInCard = active?.closest('.card-dialog') != null;
    const isHere = active === document.body || root.contains(active) || active?.closest('.board-tools');
    if (!(isHere || isInCard) || isTyping(active)) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      const key = event.key.toLowerCase();
      if (key === 'z') context.store.history[event.shiftKey ? 'redo' : 'undo']();
      else if (key === 'y') context.store.history.redo();
      else return;
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null)
      return;
    const card = active?.classList.contains('bcard') ? (active as HTMLElement).dataset.card : undefined;
    const isDone =
      this.#host.lift() !== null
        ? this.#whileLifted(event.key)
        : (card !== undefined && this.#onCard(event.key, card)) || this.#onBoard(event.key, card, active);
    if (isDone) event.preventDefault();
  };

  #onCard(key: string, card: string): boolean {
    const { context } = this.#host;
    const arrow = ARROWS[key] ?? (keysAreOn() ? LETTERS[key] : undefined);
    if (arrow !== undefined) {
      const next = neighbour(this.#order(), this.#listed(), card, arrow, this.#host.isShown);
      if (next !== null) context.focusCard(next);
      return true;
    }
    switch (key) {
      case ' ':
      case 'Enter':
        this.#lift(card);
        return true;
      case 'F2':
        context.editTitle(card);
        return true;
      case 'Delete':
      case 'Backspace':
        context.removeCard(card, 'delete');
        return true;
    }
    if (!keysAreOn()) return false;
    switch (key) {
      case 'e':
      case 'o':
        context.openCard(card);
        return true;
      case 'r':
        context.editTitle(card);
        return true;
      case 'm':
        context.chooseMove(card);
        return true;
      case 'a':
        context.removeCard(card, 'archive');
        return true;
      case 'i':
        this.#assignMyself(card);
        return true;
    }
    return false;
  }

  #onBoard(key: string, card: string | undefined, active: Element | null): boolean {
    const { view, compose, search, context } = this.#host;
    if (!keysAreOn()) return false;
    switch (key) {
      case 'c':
      case 'C': {
        const around = active?.closest<HTMLElement>('.column')?.dataset.column;
        const column = (card && view().cards.get(card)?.column) ?? around ?? view().columns[0]?.id;
        if (column) compose(column, key === 'C' ? 'first' : 'last');
        return true;
      }
      case '/':
        search();
        return true;
      case '?':
        openHelp();
        return true;
      case 'j':
      case 'k': {
        const first = this.#order()
          .flatMap((id) => this.#listed().get(id) ?? [])
          .find(this.#host.isShown);
        if (first !== undefined) context.focusCard(first);
        return true;
      }
    }
    return false;
  }

  #order(): string[] {
    return this.#host.view().columns.map(({ id }) => id);
  }

  #listed() {
    return arranged(this.#host.view(), this.#host.lift());
  }

  #assignMyself(card: string): void {
    const { context } = this.#host;
    const self = context.self();
    if (self === null) return;
    const isOn = context.store.view.cards.get(card)?.assignees.includes(self);
    context.store.act((board) =>
      isOn ? board.removeFrom('assignees', card, self) : board.addTo('assignees', card, self),
    );
  }

  #lift(card: string): void {
    const { view, setLift, context } = this.#host;
    const column = view().columns.find(({ cards }) => cards.includes(card));
    if (column === undefined || !context.store.isWritable) return;
    const after = column.cards[column.cards.indexOf(card) - 1] ?? null;
    this.#from = { column: column.id, after };
    setLift({ card, target: this.#from });
    announce(
      `Lifted ${titleOf(view().cards.get(card))}. ${this.#where()} Arrow keys move it, Space drops it, Escape puts it back.`,
    );
  }

  #whileLifted(key: string): boolean {
    const lift = this.#host.lift();
    if (lift === null) return false;
    const arrow = ARROWS[key] ?? LETTERS[key];
    if (arrow !== undefined) {
      const target = stepped(this.#order(), this.#listed(), lift, arrow, this.#host.isShown);
      if (target === null) return true;
      this.#host.setLift({ card: lift.card, target });
      announce(this.#where());
      return true;
    }
    if (key === ' ' || key === 'Enter') this.#drop(lift);
    else if (key === 'Escape') this.#cancel();
    else if (key === 'Tab') {
      this.#cancel();
      return false;
    }
    return true;
  }

  #drop({ card, target }: Lift): void {
    const { context, view, setLift } = this.#host;
    const words = `Dropped ${titleOf(view().cards.get(card))}. ${this.#where()}`;
    const from = this.#from;
    const isSame = from?.column === target.column && from.after === target.after;
    const list = view().columns.find(({ id }) => id === target.column)?.cards ?? [];
    const place =
      target.after === null ? 'first' : list.includes(target.after) ? { after: target.after } : 'last';
    if (!isSame && !context.store.act((board) => board.moveCards([card], target.column, place))) {
      this.#cancel();
      return;
    }
    setLift(null);
    context.focusCard(card);
    announce(words);
  }

  #cancel(): void {
    const lift = this.#host.lift();
    if (lift === null) return;
    this.#host.setLift(null);
    announce(`Put ${titleOf(this.#host.view().cards.get(lift.card))} back.`);
  }

  /** Where the lifted card is, in words. */
  #where(): string {
    const lift = this.#host.lift();
    const column = this.#host.view().columns.find(({ id }) => id === lift?.target.column);
    const list = (this.#listed().get(column?.id ?? '') ?? []).filter(
      (id) => id === lift?.card || this.#host.isShown(id),
    );
    const at = lift === null ? -1 : list.indexOf(lift.card);
    return `${column?.title ?? 'Column'}, position ${at + 1} of ${list.length}.`;
  }
}

function isVisible(element: HTMLElement): boolean {
  return element.isConnected && element.offsetParent !== null;
}

function isTyping(element: Element | null): boolean {
  return (
    element instanceof HTMLElement &&
    (element.isContentEditable || element.matches('input:not([type=checkbox]), textarea, select'))
  );
}
