/**
 * The form in which files of states hold what is shown: JSON without what says nothing, to keep them small.
 */

export function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  if (typeof value !== 'object' || value === null) return value;
  const members = value instanceof Map ? [...value] : Object.entries(value);
  // An id may be called like something that every object has.
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, member] of members) {
    const kept = pruned(member);
    if (says(kept)) result[name] = kept;
  }
  return result;
}

function says(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
