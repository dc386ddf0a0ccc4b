/** The types of events, in groups by what they are about. Pure. */
import type { EventType } from './calls';

export interface EventGroup {
  readonly name: string;
  readonly types: readonly EventType[];
}

/** An endpoint may name at most so many types. */
export const MOST_TYPES = 100;

export function groupTypes(types: readonly EventType[]): EventGroup[] {
  const groups = new Map<string, EventType[]>();
  for (const type of types) {
    const [about = type.type] = type.type.split('.');
    const group = groups.get(about);
    if (group === undefined) groups.set(about, [type]);
    else group.push(type);
  }
  return [...groups].map(([about, types]) => ({ name: groupName(about), types }));
}

function groupName(about: string): string {
  const words = about.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Those in whose name or description every word is found. */
export function fitting(types: readonly EventType[], wanted: string): EventType[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return types.filter(({ type, description }) => {
    const text = `${type} ${description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** What an endpoint is told, in a few words. */
export function typesWords(types: readonly string[]): string {
  if (types.length === 0) return 'All events';
  const shown = types.slice(0, 3).join(', ');
  return types.length > 3 ? `${shown} and ${types.length - 3} more` : shown;
}
