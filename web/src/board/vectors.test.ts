import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { pruned } from './vectors';
import vectors from './vectors.ndjson?raw';
import { type BoardView, view } from './view';

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
      expect(pruned(view(load(vector.update))), `line ${at + 1}`).toEqual(pruned(vector.view));
    }
  });

  it('is compared with something', () => {
    const board: BoardView = view(load(lines[0]?.update ?? ''));
    expect(board.columns.length).toBeGreaterThan(0);
    expect(pruned(board)).not.toEqual(pruned({ ...board, unsorted: ['x'] }));
  });
});
