/**
 * Who is meant by an id on a card. With accounts it is a user's; where there are none, people are named by hand, and
 * the id spells the name in the characters that an id may have.
 */
import { isId } from '../board/schema';

export interface Member {
  readonly id: string;
  readonly name: string;
}

/** Who can be put on a card, and what they are called. */
export interface Directory {
  /** Everybody who is known, in the order in which they are offered. */
  readonly members: readonly Member[];
  /** Whether somebody can be named who is not known. */
  readonly isOpen: boolean;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id that spells `name`, or null if that would be too long: `Ada L.` is `Ada_L-2e-`. */
export function idOfName(name: string): string | null {
  let id = '';
  for (const char of name.replace(/\s+/g, ' ').trim().normalize('NFC')) {
    if (/[0-9A-Za-z]/.test(char)) id += char;
    else id += char === ' ' ? '_' : `-${(char.codePointAt(0) ?? 0).toString(16)}-`;
  }
  return isId(id) ? id : null;
}

function spelled(id: string): string {
  return id.replace(/_|-([0-9a-f]{1,6})-/g, (all, hex: string | undefined) => {
    if (hex === undefined) return ' ';
    const code = Number.parseInt(hex, 16);
    return code >= 32 && code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

export function nameOf(directory: Directory, id: string): string {
  const known = directory.members.find((member) => member.id === id);
  if (known !== undefined) return known.name;
  return UUID.test(id) ? 'Somebody' : spelled(id);
}
