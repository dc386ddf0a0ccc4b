/**
 * Schema 1 of boards: names, limits and the forms of values. `docs/board-schema.md` describes it for every client;
 * the server's side of it is `protocol/src/board/`.
 */

export const SCHEMA = 1;

export const LIMITS = {
  openCards: 5_000,
  /** With archived and deleted ones; a server takes no edit that makes them more. */
  allCards: 25_000,
  allLinks: 50_000,
  /** How many times as many entries of a list there may be, deleted ones too, as there may be that are live. */
  deletedEntries: 4,
  columns: 200,
  lanes: 200,
  labels: 500,
  fields: 100,
  options: 200,
  linksPerCard: 500,
  items: 500,
  members: 200,
  titleChars: 500,
  nameChars: 100,
  textChars: 2_000,
  wip: 10_000,
  estimate: 1_000_000,
  /** Dependencies of one kind that may stand in cycles and still be looked at one by one. */
  tangledLinks: 5_000,
} as const;

export const CATEGORIES = ['backlog', 'unstarted', 'started', 'completed', 'cancelled'] as const;
export const PRIORITIES = ['low', 'medium', 'high', 'urgent'] as const;
export const WIP_MODES = ['soft', 'hard'] as const;
export const LINK_KINDS = ['blocks', 'relates', 'duplicates', 'precedes'] as const;
export const FIELD_TYPES = ['text', 'number', 'date', 'checkbox', 'select', 'person'] as const;

export type Category = (typeof CATEGORIES)[number];
export type Priority = (typeof PRIORITIES)[number];
export type WipMode = (typeof WIP_MODES)[number];
export type LinkKind = (typeof LINK_KINDS)[number];
export type FieldType = (typeof FIELD_TYPES)[number];

/** Relations that must not go in circles. */
export const ORDERING_KINDS: readonly LinkKind[] = ['blocks', 'precedes'];

/** The member of `all` that `value` is. */
export function oneOf<T extends string>(all: readonly T[], value: unknown): T | null {
  return all.find((known) => known === value) ?? null;
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9A-Za-z_-]{1,64}$/.test(value);
}

export function isColor(value: unknown): value is string {
  return typeof value === 'string' && /^(#[0-9a-fA-F]{6}|[a-z][a-z0-9-]{0,31})$/.test(value);
}

/** A real day, alone or with a time of UTC. */
export function isMoment(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 24) return false;
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?Z)?$/.exec(value);
  if (found === null) return false;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

/** Bytewise for ASCII, which all ids and keys are. */
export function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

export function linkName(from: string, kind: LinkKind, to: string): string {
  return `${from}|${kind}|${to}`;
}
