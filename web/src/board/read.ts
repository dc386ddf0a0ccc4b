/**
 * What a document says, as far as it says anything: values of the wrong type are passed over, texts are cut, nothing
 * is changed. Anybody can write anything into a shared document.
 */

import * as Y from 'yjs';
import { isKey } from './key';
import {
  CATEGORIES,
  type Category,
  compare,
  FIELD_TYPES,
  type FieldType,
  isColor,
  isId,
  isMoment,
  LIMITS,
  LINK_KINDS,
  type LinkKind,
  linkName,
  oneOf,
  PRIORITIES,
  type Priority,
  WIP_MODES,
  type WipMode,
} from './schema';

export interface Stamp {
  readonly at: string | null;
  readonly by: string | null;
}

export interface Wip {
  readonly limit: number;
  readonly mode: WipMode;
}

export interface RawEntry {
  readonly name: string;
  readonly key: string | null;
  readonly color: string | null;
  readonly deleted: Stamp | null;
}

export interface RawColumn extends RawEntry {
  readonly category: Category;
  readonly wip: Wip | null;
}

export interface RawField extends RawEntry {
  readonly type: FieldType;
  readonly options: ReadonlyMap<string, RawEntry>;
}

export interface RawParent {
  readonly card: string | null;
  readonly previous: string | null;
  readonly t: number;
}

export interface RawItem {
  readonly text: string;
  readonly done: boolean;
  readonly key: string | null;
  readonly list: string;
}

export interface FileView {
  readonly name: string;
  readonly size: number | null;
  readonly mime: string | null;
}

export type FieldValue = string | number | boolean;

export interface RawCard {
  readonly place: { readonly column: string; readonly key: string | null } | null;
  readonly lane: string | null;
  readonly title: string;
  readonly described: boolean;
  readonly priority: Priority | null;
  readonly due: string | null;
  readonly start: string | null;
  readonly estimate: number | null;
  readonly color: string | null;
  readonly cover: string | null;
  readonly archived: Stamp | null;
  readonly done: Stamp | null;
  readonly deleted: Stamp | null;
  readonly parent: RawParent | null;
  readonly assignees: readonly string[];
  readonly labels: readonly string[];
  readonly watchers: readonly string[];
  readonly checklist: ReadonlyMap<string, RawItem>;
  readonly values: ReadonlyMap<string, FieldValue>;
  readonly files: ReadonlyMap<string, FileView>;
}

export interface RawLink {
  readonly name: string;
  readonly from: string;
  readonly kind: LinkKind;
  readonly to: string;
  readonly t: number;
}

export interface RawBoard {
  readonly schema: number | null;
  readonly columns: ReadonlyMap<string, RawColumn>;
  readonly lanes: ReadonlyMap<string, RawEntry>;
  readonly labels: ReadonlyMap<string, RawEntry>;
  readonly fields: ReadonlyMap<string, RawField>;
  readonly cards: ReadonlyMap<string, RawCard>;
  /** In the order of their names. */
  readonly links: readonly RawLink[];
}

type Registers = Y.Map<unknown>;

/** Only the very type: XML types inherit from others. */
export function asMap(value: unknown): Registers | null {
  return value instanceof Y.Map && value.constructor === Y.Map ? value : null;
}

/** A root as a map. A root that this page has defined as something else says nothing. */
export function rootMap(doc: Y.Doc, name: string): Registers | null {
  try {
    return doc.getMap(name);
  } catch {
    return null;
  }
}

export function asObject(value: unknown): Record<string, unknown> | null {
  const plain =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Y.AbstractType) &&
    !(value instanceof Y.Doc);
  return plain ? (value as Record<string, unknown>) : null;
}

function member(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function asNumber(value: unknown): number | null {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  if (typeof value === 'bigint' && BigInt(number) !== value) return null;
  return number + 0;
}

export function asInteger(value: unknown): number | null {
  const number = asNumber(value);
  return number !== null && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** The first `chars` characters; halves of characters become what the wire makes of them. */
function cut(text: string, chars: number): string {
  if (text.length <= chars) return whole(text);
  let result = '';
  let count = 0;
  for (const char of text) {
    if (count === chars) break;
    result += char;
    count += 1;
  }
  return whole(result);
}

const whole = (text: string) => text.replace(/\p{Surrogate}/gu, '\uFFFD');

function cutText(value: unknown, chars: number): string {
  return typeof value === 'string' ? cut(value, chars) : '';
}

function asStamp(value: unknown): Stamp | null {
  const object = asObject(value);
  if (object === null) return null;
  const [at, by] = [member(object, 'at'), member(object, 'by')];
  return { at: isMoment(at) ? at : null, by: isId(by) ? by : null };
}

function asWip(value: unknown): Wip | null {
  const object = asObject(value);
  if (object === null) return null;
  const limit = asInteger(member(object, 'limit'));
  const mode = oneOf(WIP_MODES, member(object, 'mode'));
  return limit !== null && limit >= 1 && limit <= LIMITS.wip && mode !== null ? { limit, mode } : null;
}

/** What `read` makes of the values of a map, by ids in their order. */
function collect<T>(map: Registers | null, read: (value: unknown) => T | null): Map<string, T> {
  const found: [string, T][] = [];
  map?.forEach((value, name) => {
    const kept = isId(name) ? read(value) : null;
    if (kept !== null) found.push([name, kept]);
  });
  if (found.length > 1) found.sort(([one], [other]) => compare(one, other));
  return new Map(found);
}

function maps<T>(map: Registers | null, read: (map: Registers) => T | null): Map<string, T> {
  return collect(map, (value) => {
    const nested = asMap(value);
    return nested === null ? null : read(nested);
  });
}

function members(card: Registers, name: string): string[] {
  return [...collect(asMap(card.get(name)), (value) => (value === true ? true : null)).keys()];
}

const optional = <T>(value: unknown, test: (value: unknown) => value is T): T | null =>
  test(value) ? value : null;

export function readEntry(map: Registers, name: string): RawEntry {
  return {
    name: cutText(map.get(name), LIMITS.nameChars),
    key: optional(map.get('pos'), isKey),
    color: optional(map.get('color'), isColor),
    deleted: asStamp(map.get('del')),
  };
}

function readField(map: Registers): RawField | null {
  const type = oneOf(FIELD_TYPES, map.get('type'));
  if (type === null) return null;
  const options = maps(asMap(map.get('options')), (option) => readEntry(option, 'name'));
  return { ...readEntry(map, 'name'), type, options };
}

function readPlace(value: unknown): RawCard['place'] {
  if (!Array.isArray(value) || value.length !== 2 || !isId(value[0])) return null;
  return { column: value[0], key: optional(value[1], isKey) };
}

function readParent(value: unknown): RawParent | null {
  const object = asObject(value);
  const t = object === null ? null : asInteger(member(object, 't'));
  if (object === null || t === null) return null;
  return { card: optional(member(object, 'p'), isId), previous: optional(member(object, 'prev'), isId), t };
}

function readTitle(value: unknown): string {
  const isText = value instanceof Y.Text && value.constructor === Y.Text;
  return isText ? cut(value.toString(), LIMITS.titleChars) : '';
}

function readItem(map: Registers): RawItem {
  return {
    text: cutText(map.get('text'), LIMITS.textChars),
    done: map.get('done') === true,
    key: optional(map.get('pos'), isKey),
    list: cutText(map.get('list'), LIMITS.nameChars),
  };
}

function readValue(value: unknown): FieldValue | null {
  if (typeof value === 'string') return cut(value, LIMITS.textChars);
  return typeof value === 'boolean' ? value : asNumber(value);
}

function readFile(value: unknown): FileView | null {
  const object = asObject(value);
  const name = object === null ? undefined : member(object, 'name');
  if (object === null || typeof name !== 'string') return null;
  const mime = member(object, 'mime');
  return {
    name: cut(name, LIMITS.nameChars),
    size: asInteger(member(object, 'size')),
    mime: typeof mime === 'string' ? cut(mime, LIMITS.nameChars) : null,
  };
}

function readCard(card: Registers): RawCard {
  const desc = card.get('desc');
  const fragment = desc instanceof Y.XmlFragment && desc.constructor === Y.XmlFragment;
  const estimate = asNumber(card.get('est'));
  return {
    place: readPlace(card.get('place')),
    lane: optional(card.get('lane'), isId),
    title: readTitle(card.get('title')),
    described: fragment && desc.length > 0,
    priority: oneOf(PRIORITIES, card.get('prio')),
    due: optional(card.get('due'), isMoment),
    start: optional(card.get('start'), isMoment),
    estimate: estimate !== null && estimate >= 0 && estimate <= LIMITS.estimate ? estimate : null,
    color: optional(card.get('color'), isColor),
    cover: optional(card.get('cover'), isId),
    archived: asStamp(card.get('arch')),
    done: asStamp(card.get('done')),
    deleted: asStamp(card.get('del')),
    parent: readParent(card.get('parent')),
    assignees: members(card, 'assignees'),
    labels: members(card, 'labels'),
    watchers: members(card, 'watchers'),
    checklist: maps(asMap(card.get('check')), readItem),
    values: collect(asMap(card.get('cf')), readValue),
    files: collect(asMap(card.get('files')), readFile),
  };
}

function readLink(name: string, value: unknown): RawLink | null {
  const [from, kindText, ...rest] = name.split('|');
  const to = rest.join('|');
  const kind = oneOf(LINK_KINDS, kindText);
  const object = asObject(value);
  const t = object === null ? null : asInteger(member(object, 't'));
  if (!isId(from) || kind === null || !isId(to) || t === null || from === to) return null;
  if (kind === 'relates' && to < from) return null;
  return { name: linkName(from, kind, to), from, kind, to, t };
}

/** What is read as a whole when anything in it changes. */
export type RawLists = Pick<RawBoard, 'schema' | 'columns' | 'lanes' | 'labels' | 'fields'>;

export function readLists(doc: Y.Doc): RawLists {
  return {
    schema: asInteger(rootMap(doc, 'meta')?.get('schema')),
    columns: maps(rootMap(doc, 'columns'), (map) => ({
      ...readEntry(map, 'title'),
      category: oneOf(CATEGORIES, map.get('category')) ?? 'unstarted',
      wip: asWip(map.get('wip')),
    })),
    lanes: maps(rootMap(doc, 'lanes'), (map) => readEntry(map, 'title')),
    labels: maps(rootMap(doc, 'labels'), (map) => readEntry(map, 'name')),
    fields: maps(rootMap(doc, 'fields'), readField),
  };
}

/** One card, or null where there is none. */
export function readCardOf(doc: Y.Doc, id: string): RawCard | null {
  const map = isId(id) ? asMap(rootMap(doc, 'cards')?.get(id)) : null;
  return map === null ? null : readCard(map);
}

export function readLinks(doc: Y.Doc): RawLink[] {
  const links: RawLink[] = [];
  rootMap(doc, 'links')?.forEach((value, name) => {
    const link = readLink(name, value);
    if (link !== null) links.push(link);
  });
  return links.sort((one, other) => compare(one.name, other.name));
}

/** Reads a document. */
export function readBoard(doc: Y.Doc): RawBoard {
  return { ...readLists(doc), cards: maps(rootMap(doc, 'cards'), readCard), links: readLinks(doc) };
}

/** The highest logical clock in the document. */
export function clockOf(raw: RawBoard): number {
  let clock = 0;
  for (const card of raw.cards.values()) clock = Math.max(clock, card.parent?.t ?? 0);
  for (const link of raw.links) clock = Math.max(clock, link.t);
  return clock;
}
