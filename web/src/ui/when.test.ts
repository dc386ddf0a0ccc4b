import { describe, expect, it } from 'vitest';
import { fromNow, lasting, localInput } from './when';
import { countWords, sentence } from './words';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();

describe('moments', () => {
  it('are said by how far they are away', () => {
    const said = [0, -44, 30, -60, -3_540, -3_600, -7_300, -86_400, -86_400 * 3, 300].map((seconds) =>
      fromNow(at(seconds), NOW),
    );
    expect(said).toEqual([
      'just now',
      'just now',
      'in a moment',
      '1 minute ago',
      '59 minutes ago',
      '1 hour ago',
      '2 hours ago',
      'yesterday',
      '3 days ago',
      'in 5 minutes',
    ]);
  });

  it('are said by their day when they are far away', () => {
    expect(fromNow(at(-86_400 * 200), NOW)).toMatch(/2025/);
    expect(fromNow('nonsense', NOW)).toBe('');
  });

  it('have lasted', () => {
    expect([0, 90, 7_200, 86_400 * 5].map((seconds) => lasting(at(-seconds), NOW))).toEqual([
      '1 minute',
      '2 minutes',
      '2 hours',
      '5 days',
    ]);
  });

  it('go into fields and come back', () => {
    const date = new Date(2026, 0, 2, 3, 4);
    expect(localInput(date)).toBe('2026-01-02T03:04');
    expect(new Date(localInput(date)).getTime()).toBe(date.getTime());
  });
});

it('says words of the server as sentences', () => {
  expect(['must be short', 'Is that so?', ''].map(sentence)).toEqual(['Must be short.', 'Is that so?', '']);
  expect([countWords(1, 'event', 'events'), countWords(1_200, 'event', 'events')]).toEqual([
    '1 event',
    '1,200 events',
  ]);
});
