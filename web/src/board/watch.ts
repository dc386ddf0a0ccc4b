/**
 * A board that is kept read: of what changes, only that is read again.
 *
 * What a watch says is what reading the document anew would say. It must not be asked for what an open transaction has
 * written: notes are taken when a transaction ends.
 */

import type * as Y from 'yjs';
import { keeping, patched } from './patch';
import {
  type RawBoard,
  type RawCard,
  type RawLists,
  readBoard,
  readCardOf,
  readLinks,
  readLists,
  rootMap,
} from './read';
import { compare } from './schema';
import { assemble, type Reading } from './view';

const LISTS = ['meta', 'columns', 'lanes', 'labels', 'fields'] as const;

type Events = Y.YEvent<Y.AbstractType<unknown>>[];

export class Watch {
  #reading: Reading;
  #cards = new Set<string>();
  #lists = new Set<string>();
  #links = false;
  readonly #stops: (() => void)[] = [];

  /** `onTouched` is called whenever the board may have changed. */
  constructor(
    private readonly doc: Y.Doc,
    private readonly onTouched: () => void = () => {},
  ) {
    const raw = readBoard(doc);
    this.#reading = { raw, view: assemble(raw) };
    this.#observe('cards', (events) => {
      for (const id of cardsOf(events)) this.#cards.add(id);
    });
    this.#observe('links', () => {
      this.#links = true;
    });
    for (const name of LISTS) {
      this.#observe(name, () => {
        this.#lists.add(name);
      });
    }
  }

  /** What the document says now, and what is shown of it. */
  read(): Reading {
    if (this.#cards.size > 0 || this.#lists.size > 0 || this.#links) {
      const touched = this.#cards;
      const raw = this.#refresh(this.#reading.raw);
      this.#reading = { raw, view: patched(this.#reading, raw, touched) ?? keeping(this.#reading, raw) };
    }
    return this.#reading;
  }

  destroy(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #observe(name: string, note: (events: Events) => void): void {
    const root = rootMap(this.doc, name);
    const observer = (events: Events) => {
      note(events);
      this.onTouched();
    };
    root?.observeDeep(observer);
    this.#stops.push(() => root?.unobserveDeep(observer));
  }

  #refresh(before: RawBoard): RawBoard {
    const cards = this.#cards.size > 0 ? this.#readCards(before.cards) : before.cards;
    const links = this.#links ? readLinks(this.doc) : before.links;
    const raw = { ...before, ...this.#readLists(before), cards, links };
    this.#cards = new Set();
    this.#lists = new Set();
    this.#links = false;
    return raw;
  }

  /** Lists in which nothing changed stay the same objects, and so does what is shown with them. */
  #readLists(before: RawBoard): Partial<RawLists> {
    if (this.#lists.size === 0) return {};
    const lists = readLists(this.doc);
    const kept = <N extends keyof RawLists>(name: N) => (this.#lists.has(name) ? lists[name] : before[name]);
    return {
      schema: lists.schema,
      columns: kept('columns'),
      lanes: kept('lanes'),
      labels: kept('labels'),
      fields: kept('fields'),
    };
  }

  #readCards(before: ReadonlyMap<string, RawCard>): ReadonlyMap<string, RawCard> {
    const cards = new Map(before);
    for (const id of this.#cards) {
      const card = readCardOf(this.doc, id);
      if (card === null) cards.delete(id);
      else cards.set(id, card);
    }
    // What is new stands at the end, where ids in their order belong only by chance.
    const isSorted = [...this.#cards].every((id) => before.has(id) || !cards.has(id));
    return isSorted ? cards : new Map([...cards].sort(([one], [other]) => compare(one, other)));
  }
}

/** The cards that events are about: the first step of the way to what changed, or the keys that changed in the root. */
function* cardsOf(events: Events): Generator<string> {
  for (const event of events) {
    const [first] = event.path;
    if (first !== undefined) yield String(first);
    else yield* event.changes.keys.keys();
  }
}
