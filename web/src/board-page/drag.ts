/**
 * Dragging cards and columns with a mouse, a pen or a finger. A finger has to rest for a moment first: otherwise it
 * scrolls. While something is dragged, a line shows where it would come, and lists scroll near their edges.
 */
import { h } from '../ui/dom';
import type { Target } from './arrange';

const THRESHOLD_PX = 5;
const REST_MS = 240;
const EDGE_PX = 64;
/** Of a frame, at the very edge. */
const FASTEST_PX = 18;

/** Where something that is let go comes. */
export type Drop =
  | { readonly kind: 'card'; readonly id: string; readonly target: Target }
  | { readonly kind: 'column'; readonly id: string; readonly before: string | null };

export interface DragHost {
  /** What scrolls sideways and holds the columns. */
  readonly track: HTMLElement;
  readonly canDrag: () => boolean;
  readonly onStart: (kind: Drop['kind'], id: string) => void;
  readonly onEnd: (drop: Drop | null) => void;
}

interface Held {
  readonly kind: Drop['kind'];
  readonly id: string;
  readonly source: HTMLElement;
  readonly pointer: number;
  readonly grip: { readonly x: number; readonly y: number };
  readonly isTouch: boolean;
}

export class Dragging {
  #pressed: Held | null = null;
  #held: Held | null = null;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #ghost: HTMLElement | null = null;
  readonly #line = h('div', { class: 'drop-line', 'aria-hidden': 'true' });
  #at = { x: 0, y: 0 };
  #frame = 0;
  #drop: Drop | null = null;

  constructor(private readonly host: DragHost) {
    const { track } = host;
    track.addEventListener('pointerdown', (event) => this.#press(event));
    track.addEventListener('dragstart', (event) => event.preventDefault());
    // Not passive: a finger that holds a card must not scroll.
    track.addEventListener('touchmove', (event) => this.#held && event.preventDefault(), { passive: false });
    track.addEventListener('contextmenu', (event) => {
      if (this.#held?.isTouch) event.preventDefault();
    });
  }

  get isActive(): boolean {
    return this.#held !== null;
  }

  cancel(): void {
    this.#finish(null);
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0 || this.#held !== null || !this.host.canDrag()) return;
    const target = event.target as Element;
    if (target.closest('input, textarea, select, [data-act], .icon-button, .column-add, .composer') !== null)
      return;
    const card = target.closest<HTMLElement>('.bcard');
    const source = card ?? target.closest('.column-head')?.closest<HTMLElement>('.column');
    const id = card?.dataset.card ?? source?.dataset.column;
    if (!source || id === undefined) return;
    const box = source.getBoundingClientRect();
    this.#pressed = {
      kind: card ? 'card' : 'column',
      id,
      source,
      pointer: event.pointerId,
      grip: { x: event.clientX - box.left, y: event.clientY - box.top },
      isTouch: event.pointerType === 'touch',
    };
    this.#at = { x: event.clientX, y: event.clientY };
    document.addEventListener('pointermove', this.#moved);
    document.addEventListener('pointerup', this.#released);
    document.addEventListener('pointercancel', this.#cancelled);
    document.addEventListener('keydown', this.#keyed, true);
    if (this.#pressed.isTouch) this.#rest = setTimeout(() => this.#start(), REST_MS);
  }

  readonly #moved = (event: PointerEvent) => {
    const held = this.#held ?? this.#pressed;
    if (held === null || event.pointerId !== held.pointer) return;
    const far = Math.hypot(event.clientX - this.#at.x, event.clientY - this.#at.y) > THRESHOLD_PX;
    if (this.#held === null) {
      if (!far) return;
      if (held.isTouch) {
        this.#forget(); // it scrolls
        return;
      }
      this.#start();
    }
    this.#at = { x: event.clientX, y: event.clientY };
  };

  readonly #released = (event: PointerEvent) => {
    if (event.pointerId !== (this.#held ?? this.#pressed)?.pointer) return;
    if (this.#held !== null) {
      this.#aim();
      swallowClick();
    }
    this.#finish(this.#drop);
  };

  readonly #cancelled = () => this.#finish(null);

  readonly #keyed = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || this.#held === null) return;
    event.preventDefault();
    event.stopPropagation();
    document.addEventListener('pointerup', swallowClick, { capture: true, once: true });
    this.#finish(null);
  };

  #start(): void {
    clearTimeout(this.#rest);
    const held = this.#pressed;
    if (held === null || !held.source.isConnected) {
      this.#forget();
      return;
    }
    this.#held = held;
    const box = held.source.getBoundingClientRect();
    const ghost = held.source.cloneNode(true) as HTMLElement;
    for (const element of [ghost, ...ghost.querySelectorAll('[id]')]) element.removeAttribute('id');
    ghost.classList.add('ghost');
    ghost.ariaHidden = 'true';
    ghost.inert = true;
    ghost.style.width = `${box.width}px`;
    if (held.kind === 'column') ghost.style.height = `${box.height}px`;
    document.body.append(ghost);
    this.#ghost = ghost;
    held.source.dataset.dragged = '';
    document.documentElement.dataset.dragging = held.kind;
    if (held.isTouch) navigator.vibrate?.(10);
    this.host.onStart(held.kind, held.id);
    this.#tick();
  }

  #tick(): void {
    if (this.#held === null || this.#ghost === null) return;
    const { grip } = this.#held;
    this.#ghost.style.translate = `${this.#at.x - grip.x}px ${this.#at.y - grip.y}px`;
    this.#scroll();
    this.#aim();
    this.#frame = requestAnimationFrame(() => this.#tick());
  }

  #scroll(): void {
    const { track } = this.host;
    const across = track.getBoundingClientRect();
    track.scrollLeft += speed(this.#at.x, across.left, across.right);
    if (this.#held?.kind !== 'card') return;
    const body = this.#columnAt()?.querySelector('.column-body');
    const box = body?.getBoundingClientRect();
    if (body && box) body.scrollTop += speed(this.#at.y, box.top, box.bottom);
  }

  #columns(): HTMLElement[] {
    return [...this.host.track.querySelectorAll<HTMLElement>('.column')];
  }

  /** The column under the pointer, or the nearest one. */
  #columnAt(): HTMLElement | null {
    let best: HTMLElement | null = null;
    let distance = Number.POSITIVE_INFINITY;
    for (const column of this.#columns()) {
      const { left, right } = column.getBoundingClientRect();
      const off = Math.max(left - this.#at.x, this.#at.x - right, 0);
      if (off < distance) [best, distance] = [column, off];
    }
    return best;
  }

  /** Finds where it would come, and shows it. */
  #aim(): void {
    if (this.#held === null) return;
    this.#drop = this.#held.kind === 'card' ? this.#aimCard(this.#held) : this.#aimColumn(this.#held);
  }

  #aimCard(held: Held): Drop | null {
    const column = this.#columnAt();
    const list = column?.querySelector<HTMLElement>('.column-cards');
    const id = column?.dataset.column;
    if (!list || id === undefined) return null;
    for (const other of this.#columns()) other.toggleAttribute('data-target', other === column);
    const height = this.#ghost?.offsetHeight ?? 0;
    const middle = this.#at.y - held.grip.y + height / 2;
    const cards = [...list.children].filter((item) => !(item as HTMLElement).hidden) as HTMLElement[];
    const before = firstBelow(cards, middle);
    const above = cards.slice(0, before).reverse().map(cardIn);
    const after = above.find((card) => card !== held.id) ?? null;
    this.#show(list, cards[before] ?? null, cards.at(-1) ?? null);
    return { kind: 'card', id: held.id, target: { column: id, after } };
  }

  #show(list: HTMLElement, next: HTMLElement | null, last: HTMLElement | null): void {
    if (this.#line.parentElement !== list.parentElement) list.parentElement?.append(this.#line);
    const top = next?.offsetTop ?? (last ? last.offsetTop + last.offsetHeight : list.offsetTop);
    this.#line.className = 'drop-line';
    this.#line.style.translate = `0 ${top}px`;
  }

  #aimColumn(held: Held): Drop | null {
    const { track } = this.host;
    const columns = this.#columns();
    const middle = this.#at.x - held.grip.x + (this.#ghost?.offsetWidth ?? 0) / 2;
    const at = columns.findIndex((column) => {
      const { left, width } = column.getBoundingClientRect();
      return middle < left + width / 2;
    });
    const [next, last] = [columns[at], columns.at(-1)];
    if (this.#line.parentElement !== track) track.append(this.#line);
    this.#line.className = 'drop-line upright';
    const x = next ? next.offsetLeft : (last?.offsetLeft ?? 0) + (last?.offsetWidth ?? 0);
    this.#line.style.translate = `${x}px 0`;
    const rest = at < 0 ? [] : columns.slice(at);
    const before = rest.find((column) => column.dataset.column !== held.id)?.dataset.column ?? null;
    return { kind: 'column', id: held.id, before };
  }

  /** Ends what was only pressed. */
  #forget(): void {
    clearTimeout(this.#rest);
    this.#pressed = null;
    document.removeEventListener('pointermove', this.#moved);
    document.removeEventListener('pointerup', this.#released);
    document.removeEventListener('pointercancel', this.#cancelled);
    document.removeEventListener('keydown', this.#keyed, true);
  }

  #finish(drop: Drop | null): void {
    this.#forget();
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#drop = null;
    cancelAnimationFrame(this.#frame);
    this.#ghost?.remove();
    this.#ghost = null;
    this.#line.remove();
    delete held.source.dataset.dragged;
    for (const column of this.#columns()) column.removeAttribute('data-target');
    delete document.documentElement.dataset.dragging;
    this.host.onEnd(drop);
  }
}

const cardIn = (item: Element) => item.querySelector<HTMLElement>('.bcard')?.dataset.card;

/** How far to scroll, for a pointer near one of two edges. */
function speed(at: number, start: number, end: number): number {
  const reach = Math.min(EDGE_PX, (end - start) / 4);
  const [before, behind] = [start + reach - at, at - (end - reach)];
  const deep = Math.min(1, Math.max(before, behind, 0) / reach);
  return (before > behind ? -1 : 1) * Math.round(deep * FASTEST_PX);
}

/** The first whose middle is below `y`. */
function firstBelow(items: readonly HTMLElement[], y: number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const box = items[middle]?.getBoundingClientRect();
    if (box && box.top + box.height / 2 <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The click that follows when the button is let go opens nothing. */
function swallowClick(): void {
  const swallow = (event: Event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  document.addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener('click', swallow, { capture: true }), 0);
}
