/**
 * The moves: what one can do to a board, each with its rule. A move that throws has written nothing.
 *
 * They write as the server's do, so that what two people do at once can always be merged: a place is one register, sets
 * are keys of a map, nothing is deleted but marked. Limits of columns are not checked here: a page shows them.
 */

import * as Y from 'yjs';
import { type At, check, fits, MoveError, position, type Registers } from './editor';
import { keysAt } from './key';
import { ListEditor } from './lists';
import { asMap, asObject, clockOf, type FieldValue, type FileView, type RawBoard } from './read';
import {
  isColor,
  isId,
  isMoment,
  LIMITS,
  type LinkKind,
  linkName,
  ORDERING_KINDS,
  type Priority,
} from './schema';
import { accepts, type BoardView, leads, ordered, type Reading } from './view';

const CARD_MAPS = ['assignees', 'labels', 'watchers', 'check', 'cf', 'files'] as const;

export interface Attributes {
  readonly prio?: Priority | null;
  readonly due?: string | null;
  readonly start?: string | null;
  readonly est?: number | null;
  readonly color?: string | null;
  readonly cover?: string | null;
  readonly lane?: string | null;
  readonly done?: boolean;
}

/** Edits a board. */
export class BoardEditor extends ListEditor {
  createCard(id: string, title: string, column: string, at: At = 'last'): void {
    this.edit(() => {
      check(isId(id), 'invalid', id);
      fits(title, LIMITS.titleChars, id);
      const board = this.read();
      check(!this.root('cards').has(id), 'exists', id);
      this.checkRoom(board.view);
      check(board.raw.cards.size < LIMITS.allCards, 'too_many', 'cards');
      this.others(board.view, [id], column, at);
      const card: Registers = new Y.Map();
      this.root('cards').set(id, card);
      card.set('title', new Y.Text(title));
      card.set('desc', new Y.XmlFragment());
      for (const name of CARD_MAPS) card.set(name, new Y.Map());
      this.seat(board, [id], column, at);
    });
  }

  /** Letter by letter: what others write into it at the same time stays. */
  renameCard(id: string, title: string): void {
    this.edit(() => {
      fits(title, LIMITS.titleChars, id);
      const card = this.card(id);
      const shared = card.get('title');
      if (!(shared instanceof Y.Text) || shared.toString().length !== shared.length) {
        card.set('title', new Y.Text(title));
        return;
      }
      rewrite(shared, title);
    });
  }

  /** Moves open cards, in this order, to one place of a column. */
  moveCards(ids: readonly string[], column: string, at: At): void {
    this.edit(() => {
      const board = this.read();
      check(new Set(ids).size === ids.length, 'not_found', 'a card twice');
      for (const id of ids) check(board.view.cards.get(id)?.state === 'open', 'not_found', id);
      this.seat(board, ids, column, at);
    });
  }

  /** The other cards of a column, and the position among them. */
  private others(board: BoardView, ids: readonly string[], column: string, at: At) {
    const shown = board.columns.find(({ id }) => id === column);
    if (shown === undefined) throw new MoveError('not_found', column);
    const moving = new Set(ids);
    const list = shown.cards.filter((id) => !moving.has(id));
    return { shown, list, from: position(list, at) };
  }

  private seat({ raw, view }: Reading, ids: readonly string[], column: string, at: At): void {
    const { shown, list, from } = this.others(view, ids, column, at);
    const keys = list.map((id) => {
      const place = raw.cards.get(id)?.place;
      return place?.column === column ? place.key : null;
    });
    list.splice(from, 0, ...ids);
    keys.splice(from, 0, ...ids.map(() => null));
    for (const [index, key] of keysAt(keys, from, ids.length, this.hand.dice)) {
      const id = list[index];
      if (id !== undefined) this.card(id).set('place', [column, key]);
    }
    for (const id of ids) this.markDone(this.card(id), shown.category === 'completed');
  }

  private markDone(card: Registers, done: boolean): void {
    if (done) this.mark(card, 'done');
    else if (asObject(card.get('done')) !== null) card.delete('done');
  }

  private checkRoom(board: BoardView): void {
    const open = board.cards.size - board.archive.length - board.trash.length;
    check(open < LIMITS.openCards, 'too_many', 'cards');
  }

  archiveCard(id: string): void {
    this.edit(() => this.mark(this.card(id), 'arch'));
  }

  unarchiveCard(id: string): void {
    this.edit(() => {
      const card = this.card(id);
      if (asObject(card.get('arch')) !== null) this.checkRoom(this.read().view);
      this.set(card, 'arch', null);
    });
  }

  deleteCard(id: string): void {
    this.edit(() => this.mark(this.card(id), 'del'));
  }

  restoreCard(id: string): void {
    this.edit(() => {
      const card = this.thing('cards', id);
      if (asObject(card.get('del')) === null) return;
      if (asObject(card.get('arch')) === null) this.checkRoom(this.read().view);
      this.set(card, 'del', null);
    });
  }

  setParent(id: string, parent: string | null): void {
    this.edit(() => {
      const card = this.card(id);
      if (parent !== null) this.card(parent);
      const { raw, view } = this.read();
      for (let at = parent; at !== null; at = view.cards.get(at)?.parent ?? null) {
        check(at !== id, 'parent_cycle', id);
      }
      const before = view.cards.get(id)?.parent ?? null;
      if (before === parent) return;
      card.set('parent', { p: parent, prev: before, t: nextClock(raw) });
    });
  }

  setAttributes(id: string, attributes: Attributes): void {
    this.edit(() => {
      const card = this.card(id);
      const { due, start, est, color, cover, lane, done, prio } = attributes;
      for (const moment of [due, start]) check(moment == null || isMoment(moment), 'invalid', 'moment');
      check(est == null || (est >= 0 && est <= LIMITS.estimate), 'invalid', 'estimate');
      check(color == null || isColor(color), 'invalid', 'colour');
      if (lane != null) this.present('lanes', lane);
      if (cover != null) check(asMap(card.get('files'))?.has(cover) === true, 'not_found', cover);
      for (const [name, value] of Object.entries({ due, start, est, color, cover, lane, prio })) {
        if (value !== undefined) this.set(card, name, value);
      }
      if (done !== undefined) this.markDone(card, done);
    });
  }

  /** Puts a user or a label into a set of a card. */
  addTo(set: 'assignees' | 'labels' | 'watchers', id: string, value: string): void {
    this.edit(() => {
      check(isId(value), 'invalid', value);
      const card = this.card(id);
      if (set === 'labels') this.present('labels', value);
      const members = this.nested(card, set);
      check(members.has(value) || members.size < LIMITS.members, 'too_many', set);
      this.set(members, value, true);
    });
  }

  removeFrom(set: 'assignees' | 'labels' | 'watchers' | 'files', id: string, value: string): void {
    this.edit(() => {
      const members = asMap(this.card(id).get(set));
      if (members !== null) this.set(members, value, null);
    });
  }

  setValue(id: string, field: string, value: FieldValue | null): void {
    this.edit(() => {
      const card = this.card(id);
      this.present('fields', field);
      const known = this.read().raw.fields.get(field);
      const finite = typeof value !== 'number' || Number.isFinite(value);
      check(value === null || (finite && known !== undefined && accepts(known, value)), 'invalid', field);
      if (typeof value === 'string') fits(value, LIMITS.textChars, field);
      this.set(this.nested(card, 'cf'), field, value);
    });
  }

  attach(id: string, file: string, about: FileView): void {
    this.edit(() => {
      check(isId(file), 'invalid', file);
      fits(about.name, LIMITS.nameChars, file);
      this.set(this.nested(this.card(id), 'files'), file, { ...about });
    });
  }

  // Relations

  link(from: string, kind: LinkKind, to: string): void {
    this.edit(() => {
      const [start, end] = kind === 'relates' && to < from ? [to, from] : [from, to];
      check(start !== end, 'self_link', from);
      this.card(start);
      this.card(end);
      const { raw, view } = this.read();
      const same = (link: BoardView['links'][number]) =>
        link.from === start && link.kind === kind && link.to === end;
      if (view.links.some(same)) return;
      check(raw.links.length < LIMITS.allLinks, 'too_many', 'links');
      for (const card of [start, end]) {
        const count = view.links.filter((link) => link.from === card || link.to === card).length;
        check(count < LIMITS.linksPerCard, 'too_many', card);
      }
      if (ORDERING_KINDS.includes(kind)) {
        const after = new Map<string, string[]>();
        for (const link of view.links) {
          if (link.kind !== kind || link.cyclic) continue;
          after.set(link.from, [...(after.get(link.from) ?? []), link.to]);
        }
        check(!leads(after, end, start), 'dependency_cycle', linkName(start, kind, end));
      }
      const by = this.hand.by === null ? {} : { by: this.hand.by };
      this.root('links').set(linkName(start, kind, end), { t: nextClock(raw), ...by });
    });
  }

  unlink(from: string, kind: LinkKind, to: string): void {
    this.edit(() => {
      const [start, end] = kind === 'relates' && to < from ? [to, from] : [from, to];
      const name = linkName(start, kind, end);
      check(this.root('links').has(name), 'not_found', name);
      this.root('links').delete(name);
    });
  }

  // Checklists

  addItem(id: string, item: string, text: string, at: At = 'last', list = ''): void {
    this.edit(() => {
      check(isId(item), 'invalid', item);
      fits(text, LIMITS.textChars, item);
      fits(list, LIMITS.nameChars, item);
      const card = this.card(id);
      const items = this.items(id);
      position(items, at);
      check(items.length < LIMITS.items, 'too_many', 'items');
      const map = this.nested(card, 'check');
      check(!map.has(item), 'exists', item);
      const made: Registers = new Y.Map();
      map.set(item, made);
      made.set('text', text);
      made.set('done', false);
      if (list !== '') made.set('list', list);
      this.orderItem(id, item, at);
    });
  }

  moveItem(id: string, item: string, at: At): void {
    this.edit(() => this.orderItem(id, item, at));
  }

  changeItem(id: string, item: string, change: { readonly text?: string; readonly done?: boolean }): void {
    this.edit(() => {
      if (change.text !== undefined) fits(change.text, LIMITS.textChars, item);
      const map = this.item(id, item);
      if (change.text !== undefined) this.set(map, 'text', change.text);
      if (change.done !== undefined) this.set(map, 'done', change.done);
    });
  }

  removeItem(id: string, item: string): void {
    this.edit(() => {
      this.item(id, item);
      this.nested(this.card(id), 'check').delete(item);
    });
  }

  private item(id: string, item: string): Registers {
    const found = asMap(asMap(this.card(id).get('check'))?.get(item));
    if (found === null) throw new MoveError('not_found', item);
    return found;
  }

  private items(id: string): string[] {
    return ordered(this.raw().cards.get(id)?.checklist ?? new Map()).map(([item]) => item);
  }

  private orderItem(id: string, item: string, at: At): void {
    this.item(id, item);
    const checklist = this.raw().cards.get(id)?.checklist ?? new Map();
    const list = ordered(checklist).filter(([other]) => other !== item);
    this.order(list, item, at, (other) => this.item(id, other));
  }
}

/** One more than any clock in the document; repair brings forged ones back. */
function nextClock(raw: RawBoard): number {
  return Math.min(clockOf(raw) + 1, Number.MAX_SAFE_INTEGER);
}

/** Replaces what lies between the common beginning and the common end, in whole characters. */
function rewrite(shared: Y.Text, wanted: string): void {
  const [now, then] = [[...shared.toString()], [...wanted]];
  let head = 0;
  while (head < now.length && head < then.length && now[head] === then[head]) head += 1;
  let tail = 0;
  const most = Math.min(now.length, then.length) - head;
  while (tail < most && now[now.length - 1 - tail] === then[then.length - 1 - tail]) tail += 1;
  const at = now.slice(0, head).join('').length;
  const gone = now.slice(head, now.length - tail).join('').length;
  const fresh = then.slice(head, then.length - tail).join('');
  if (gone > 0) shared.delete(at, gone);
  if (fresh !== '') shared.insert(at, fresh);
}
