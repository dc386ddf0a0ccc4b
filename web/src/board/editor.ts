/**
 * What all moves need: reading the board, and writing only what differs.
 */

import * as Y from 'yjs';
import { type Dice, keysAt } from './key';
import { asMap, asObject, type RawBoard, readBoard, rootMap, type Stamp } from './read';
import { SCHEMA } from './schema';
import { assemble, type Reading } from './view';

export type MoveErrorCode =
  | 'no_board'
  | 'not_found'
  | 'exists'
  | 'too_many'
  | 'too_long'
  | 'invalid'
  | 'parent_cycle'
  | 'dependency_cycle'
  | 'self_link';

export class MoveError extends Error {
  constructor(
    readonly code: MoveErrorCode,
    readonly subject: string,
  ) {
    super(`${code}: ${subject}`);
  }
}

export type At = 'first' | 'last' | { readonly before: string } | { readonly after: string };

/** Who edits, and where order keys get their random digits from. */
export interface Hand {
  /** The user. */
  readonly by: string | null;
  /** The time, as a moment of UTC. */
  readonly now: () => string | null;
  readonly dice: Dice;
  /** The origin of the transactions, for undo. */
  readonly origin?: unknown;
  /**
   * What the document says now, where somebody keeps that up to date; it is read anew otherwise. What an open transaction
   * has written may be missing.
   */
  readonly read?: () => Reading;
}

export type Registers = Y.Map<unknown>;

export function fits(text: string, chars: number, subject: string): void {
  if (text.length > chars && [...text].length > chars) throw new MoveError('too_long', subject);
}

export function check(holds: boolean, code: MoveErrorCode, subject: string): void {
  if (!holds) throw new MoveError(code, subject);
}

export function position(list: readonly string[], at: At): number {
  if (at === 'first') return 0;
  if (at === 'last') return list.length;
  const [id, behind] = 'before' in at ? [at.before, 0] : [at.after, 1];
  const found = list.indexOf(id);
  check(found >= 0, 'not_found', id);
  return found + behind;
}

/** What all moves need. */
export class Editor {
  constructor(
    protected readonly doc: Y.Doc,
    protected readonly hand: Hand,
  ) {}

  protected edit<T>(work: () => T): T {
    // Before the first sync there is nothing to edit: two pages that seed a board would not know of each other.
    check(rootMap(this.doc, 'meta')?.get('schema') === SCHEMA, 'no_board', 'schema');
    return this.doc.transact(work, this.hand.origin ?? null);
  }

  protected read(): Reading {
    if (this.hand.read !== undefined) return this.hand.read();
    const raw = readBoard(this.doc);
    return { raw, view: assemble(raw) };
  }

  protected raw(): RawBoard {
    return this.hand.read?.().raw ?? readBoard(this.doc);
  }

  protected root(name: string): Registers {
    const root = rootMap(this.doc, name);
    if (root === null) throw new MoveError('no_board', name);
    return root;
  }

  protected stamp(): Stamp {
    return { at: this.hand.now(), by: this.hand.by };
  }

  /** What is there under `id`, deleted or not. */
  protected thing(root: string, id: string): Registers {
    const found = asMap(this.root(root).get(id));
    if (found === null) throw new MoveError('not_found', id);
    return found;
  }

  protected present(root: string, id: string): Registers {
    const found = this.thing(root, id);
    check(asObject(found.get('del')) === null, 'not_found', id);
    return found;
  }

  protected card(id: string): Registers {
    return this.present('cards', id);
  }

  /** Writes only what differs: a write that changes nothing still costs for ever. */
  protected set(map: Registers, name: string, value: unknown): void {
    if (value === null || value === undefined) {
      if (map.has(name)) map.delete(name);
    } else if (JSON.stringify(map.get(name)) !== JSON.stringify(value)) {
      map.set(name, value);
    }
  }

  protected nested(map: Registers, name: string): Registers {
    const found = asMap(map.get(name));
    if (found !== null) return found;
    const made: Registers = new Y.Map();
    map.set(name, made);
    return made;
  }

  protected mark(map: Registers, name: 'del' | 'arch' | 'done'): void {
    if (asObject(map.get(name)) === null) map.set(name, this.stamp());
  }

  /** Gives `id` a key among `others`, and others new ones if there is no room. */
  protected order(
    others: readonly [string, { readonly key: string | null }][],
    id: string,
    at: At,
    find: (id: string) => Registers,
  ): void {
    const list = others.map(([other]) => other);
    const keys = others.map(([, { key }]) => key);
    const from = position(list, at);
    list.splice(from, 0, id);
    keys.splice(from, 0, null);
    for (const [index, key] of keysAt(keys, from, 1, this.hand.dice)) {
      const other = list[index];
      if (other !== undefined) this.set(find(other), 'pos', key);
    }
  }
}
