/** Headers that an endpoint wants to be asked with besides: what somebody may say of them, and what that changes. Pure. */
import { countWords } from '../ui/words';

/** An endpoint may have at most so many headers. */
export const MOST_HEADERS = 10;

/** A header as it stands in the form. */
export interface HeaderLine {
  /** The name of one that is kept, or what somebody calls a new one. */
  readonly name: string;
  /** Nothing in one that is kept: its value stays, and is not known here. */
  readonly value: string;
  readonly isKept: boolean;
}

/** What becomes of the headers; those that are in neither stay as they are. */
export interface HeaderChanges {
  readonly set: ReadonlyMap<string, string>;
  readonly removed: ReadonlySet<string>;
}

/** Names and values without spaces around them, which no header has; names in small letters, as the server keeps them. */
export function tidyLine({ name, value, isKept }: HeaderLine): HeaderLine {
  return { name: name.trim().toLowerCase(), value: value.trim(), isKept };
}

/** Why a line is no header, and in which of its fields; null if there is nothing wrong with it. */
export function whyNotHeader(
  line: HeaderLine,
  others: readonly HeaderLine[],
): readonly ['name' | 'value', string] | null {
  if (isEmpty(line)) return null;
  const wrongName = line.isKept ? null : whyNotName(line.name, others);
  if (wrongName !== null) return ['name', wrongName];
  const wrongValue = line.isKept && line.value === '' ? null : whyNotValue(line);
  return wrongValue === null ? null : ['value', wrongValue];
}

function whyNotName(name: string, others: readonly HeaderLine[]): string | null {
  if (name === '') return 'Say the name of the header, or take it away.';
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) {
    return `“${name}” is no name of a header: letters, digits and “-”, at most 64.`;
  }
  if (isReserved(name)) return `“${name}” is reserved: messages, HTTP or proxies have their own use for it.`;
  return others.some((other) => other.name === name) ? `“${name}” is there twice.` : null;
}

function whyNotValue({ name, value }: HeaderLine): string | null {
  if (value === '') return `Say the value of “${name}”, or take it away.`;
  if (!/^[ -~]{1,1024}$/.test(value)) {
    return `The value of “${name}” must be plain letters, digits and signs, at most 1,024.`;
  }
  // As the server shows values: whoever pastes that wants to keep what is there.
  return value === '***' ? `“***” stands for a value that is not shown. Say the value of “${name}”.` : null;
}

const RESERVED: readonly string[] = [
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'user-agent',
  'accept-encoding',
  'date',
  'forwarded',
];
const RESERVED_BEGINNINGS: readonly string[] = ['content-', 'webhook-', 'proxy-', 'x-forwarded-', 'sec-'];

/** The server decides; it does not say of which header it speaks, so this is said before it is asked. */
function isReserved(name: string): boolean {
  return RESERVED.includes(name) || RESERVED_BEGINNINGS.some((beginning) => name.startsWith(beginning));
}

/** A line that was added and left alone. */
function isEmpty({ name, value, isKept }: HeaderLine): boolean {
  return !isKept && name === '' && value === '';
}

/** What lines that are sound change of the headers of these names. */
export function headerChanges(names: readonly string[], lines: readonly HeaderLine[]): HeaderChanges {
  const said = lines.filter((line) => !isEmpty(line));
  const staying = new Set(said.map(({ name }) => name));
  return {
    set: new Map(said.filter(({ value }) => value !== '').map(({ name, value }) => [name, value])),
    removed: new Set(names.filter((name) => !staying.has(name))),
  };
}

/** The names of headers. Their values are never known here. */
export function headersWords(headers: Readonly<Record<string, string>>): string {
  const names = Object.keys(headers);
  return names.length === 0
    ? 'None'
    : `${names.join(', ')} (${countWords(names.length, 'value', 'values')} not shown)`;
}
