import { describe, expect, it } from 'vitest';
import { FARTHEST_MS, recoveryWords, suggestedSince, whyNotRecover } from './recovery';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const HOUR = 3_600_000;

describe('the time of a recovery', () => {
  it('is offered from where the trouble began, as far as that is possible', () => {
    const at = (hours: number) => new Date(NOW - hours * HOUR).toISOString();
    expect(suggestedSince({ failing_since: null, disabled_at: null }, NOW)).toBe(NOW - HOUR);
    expect(suggestedSince({ failing_since: at(5), disabled_at: at(2) }, NOW)).toBe(NOW - 5 * HOUR);
    expect(suggestedSince({ failing_since: at(24 * 40), disabled_at: null }, NOW)).toBe(NOW - FARTHEST_MS);
  });

  it('begins before it ends, and not too long ago', () => {
    expect(whyNotRecover(NOW - HOUR, null, NOW)).toBeNull();
    expect(whyNotRecover(NOW - HOUR, NOW - 2 * HOUR, NOW)).toMatch(/before it ends/);
    expect(whyNotRecover(NOW + HOUR, null, NOW)).toMatch(/before it ends/);
    expect(whyNotRecover(NOW - FARTHEST_MS, null, NOW)).toBeNull();
    expect(whyNotRecover(NOW - FARTHEST_MS - HOUR, null, NOW)).toMatch(/14 days/);
    expect(whyNotRecover(Number.NaN, null, NOW)).toMatch(/from when/);
  });
});

it('says how far a recovery is', () => {
  const base = { id: 'r', endpoint_id: 'e', since: '', until: '', created_at: '', finished_at: null };
  expect(recoveryWords({ ...base, is_finished: false, events: 1_200, looked_at: 100, messages: 1 })).toBe(
    'Recovering: 100 of 1,200 events looked at, 1 message put in line.',
  );
  expect(recoveryWords({ ...base, is_finished: true, events: 1, looked_at: 1, messages: 0 })).toBe(
    'Recovered: 1 event looked at, 0 messages put in line.',
  );
});
