import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import vectors from './vectors.ndjson?raw';
import { type BoardView, view } from './view';

/** Without what says nothing, as in the file. */
function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune);
  if (typeof value !== 'object' || value === null) return value;
  const members = value instanceof Map ? [...value] : Object.entries(value);
  const pruned = members.map(([name, member]) => [name, prune(member)] as const);
  // An id may be called like something that every object has.
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, member] of pruned) if (says(member)) result[name] = member;
  return result;
}

function says(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function load(update: string): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(
    doc,
    Uint8Array.from(atob(update), (char) => char.charCodeAt(0)),
  );
  return doc;
}

describe('the view', () => {
  const lines: { update: string; view: unknown }[] = vectors
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

  it('is what the server shows, on every state', { timeout: 120_000 }, () => {
    expect(lines.length).toBeGreaterThanOrEqual(200);
    for (const [at, vector] of lines.entries()) {
      expect(prune(view(load(vector.update))), `line ${at + 1}`).toEqual(prune(vector.view));
    }
  });

  it('is compared with something', () => {
    const board: BoardView = view(load(lines[0]?.update ?? ''));
    expect(board.columns.length).toBeGreaterThan(0);
    expect(prune(board)).not.toEqual(prune({ ...board, unsorted: ['x'] }));
  });
});
