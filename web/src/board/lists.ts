/**
 * Moves of columns, lanes, labels and custom fields: named things in an order.
 */

import * as Y from 'yjs';
import { type At, check, Editor, fits, position, type Registers } from './editor';
import { asMap, asObject, type Wip } from './read';
import { type Category, type FieldType, isColor, isId, LIMITS } from './schema';
import { live } from './view';

/** Lists of named things, and the register that names them. */
const LISTS = { columns: 'title', lanes: 'title', labels: 'name', fields: 'name' } as const;
export type ListName = keyof typeof LISTS;

export class ListEditor extends Editor {
  createColumn(id: string, title: string, category: Category, at: At = 'last'): void {
    this.edit(() => this.create('columns', id, title, at).set('category', category));
  }

  createLane(id: string, title: string, at: At = 'last'): void {
    this.edit(() => this.create('lanes', id, title, at));
  }

  createLabel(id: string, name: string, color: string | null, at: At = 'last'): void {
    this.edit(() => {
      check(color === null || isColor(color), 'invalid', 'colour');
      this.set(this.create('labels', id, name, at), 'color', color);
    });
  }

  createField(id: string, name: string, type: FieldType, at: At = 'last'): void {
    this.edit(() => {
      const field = this.create('fields', id, name, at);
      field.set('type', type);
      field.set('options', new Y.Map());
    });
  }

  createChoice(field: string, id: string, name: string): void {
    this.edit(() => {
      check(isId(id), 'invalid', id);
      fits(name, LIMITS.nameChars, id);
      const custom = this.present('fields', field);
      check(custom.get('type') === 'select', 'invalid', field);
      check(asMap(custom.get('options'))?.has(id) !== true, 'exists', id);
      const known = this.raw().fields.get(field)?.options ?? new Map();
      const list = live(known);
      check(list.length < LIMITS.options, 'too_many', 'options');
      check(known.size < LIMITS.options * LIMITS.deletedEntries, 'too_many', 'options');
      const options = this.nested(custom, 'options');
      const choice: Registers = new Y.Map();
      options.set(id, choice);
      choice.set('name', name);
      this.order(list, id, 'last', (other) => this.nested(options, other));
    });
  }

  rename(list: ListName, id: string, name: string): void {
    this.edit(() => {
      fits(name, LIMITS.nameChars, id);
      this.set(this.present(list, id), LISTS[list], name);
    });
  }

  recolor(list: ListName, id: string, color: string | null): void {
    this.edit(() => {
      check(color === null || isColor(color), 'invalid', 'colour');
      this.set(this.present(list, id), 'color', color);
    });
  }

  reorder(list: ListName, id: string, at: At): void {
    this.edit(() => {
      this.present(list, id);
      const others = live(this.raw()[list]).filter(([other]) => other !== id);
      this.order(others, id, at, (other) => this.thing(list, other));
    });
  }

  delete(list: ListName, id: string): void {
    this.edit(() => this.mark(this.present(list, id), 'del'));
  }

  restore(list: ListName, id: string): void {
    this.edit(() => {
      const entry = this.thing(list, id);
      if (asObject(entry.get('del')) === null) return;
      check(live(this.raw()[list]).length < LIMITS[list], 'too_many', list);
      entry.delete('del');
    });
  }

  setCategory(column: string, category: Category): void {
    this.edit(() => this.set(this.present('columns', column), 'category', category));
  }

  setWip(column: string, wip: Wip | null): void {
    this.edit(() => {
      const holds = (limit: number) => Number.isInteger(limit) && limit >= 1 && limit <= LIMITS.wip;
      check(wip === null || holds(wip.limit), 'invalid', 'limit');
      this.set(this.present('columns', column), 'wip', wip);
    });
  }

  private create(list: ListName, id: string, name: string, at: At): Registers {
    check(isId(id), 'invalid', id);
    fits(name, LIMITS.nameChars, id);
    check(!this.root(list).has(id), 'exists', id);
    const others: [string, { readonly key: string | null }][] = live(this.raw()[list]);
    check(others.length < LIMITS[list], 'too_many', list);
    check(this.root(list).size < LIMITS[list] * LIMITS.deletedEntries, 'too_many', list);
    position(
      others.map(([other]) => other),
      at,
    );
    const entry: Registers = new Y.Map();
    this.root(list).set(id, entry);
    entry.set(LISTS[list], name);
    this.order(others, id, at, (other) => this.thing(list, other));
    return entry;
  }
}
