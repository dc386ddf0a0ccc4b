import { describe, expect, it } from 'vitest';
import type { Message, Stats } from './calls';
import { fitting, groupTypes, typesWords } from './event-groups';
import {
  attemptStanding,
  durationWords,
  healthOf,
  isOpen,
  STATUSES,
  statusOf,
  trialWords,
  whyNotResend,
} from './health';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const FINE = { is_disabled: false, disabled_reason: null, failing_since: null };
const stats = (more: Partial<Stats> = {}): Stats => ({
  endpoint_id: 'e',
  pending: 0,
  succeeded: 5,
  failed: 0,
  dead: 0,
  events_behind: 0,
  failing_since: null,
  oldest_open_at: null,
  ...more,
});
const message = (more: Partial<Message> = {}): Message => ({
  id: 'm',
  webhook_id: 'msg_0',
  endpoint_id: 'e',
  event_type: 'task.moved',
  event_sequence: 7,
  status: 'dead',
  attempts: 8,
  is_under_way: false,
  next_attempt_at: null,
  created_at: '2026-03-10T11:00:00Z',
  finished_at: null,
  ...more,
});

describe('the health of an endpoint', () => {
  it('is the worst that is known of it', () => {
    const failing = { ...FINE, failing_since: '2026-03-10T09:00:00Z' };
    const all = [
      healthOf(FINE, null, NOW),
      healthOf(FINE, stats(), NOW),
      healthOf(FINE, stats({ succeeded: 0 }), NOW),
      healthOf(FINE, stats({ failed: 1 }), NOW),
      healthOf(failing, stats({ failed: 1 }), NOW),
      healthOf({ ...failing, is_disabled: true, disabled_reason: 'failing' }, stats(), NOW),
      healthOf({ ...FINE, is_disabled: true, disabled_reason: 'gone' }, stats(), NOW),
      healthOf({ ...FINE, is_disabled: true, disabled_reason: 'chosen' }, stats(), NOW),
    ];
    expect(all.map(({ tone, label }) => `${tone}: ${label}`)).toEqual([
      'good: Healthy',
      'good: Healthy',
      'good: Ready',
      'waiting: Trying again',
      'bad: Failing for 3 hours',
      'bad: Disabled: failing',
      'bad: Disabled: gone',
      'off: Disabled',
    ]);
  });
});

describe('a message', () => {
  it('has a word for each status, and no word twice', () => {
    expect(new Set(STATUSES.map((status) => statusOf(status).label)).size).toBe(STATUSES.length);
  });

  it('is open as long as something may come of it', () => {
    const open = STATUSES.filter((status) => isOpen(message({ status })));
    expect(open).toEqual(['pending', 'failed']);
    expect(isOpen(message({ status: 'dead', is_under_way: true }))).toBe(true);
  });

  it('is sent once more, unless there is a reason not to', () => {
    expect(whyNotResend(message(), { is_disabled: false })).toBeNull();
    expect(whyNotResend(message(), { is_disabled: true })).toMatch(/disabled/);
    expect(whyNotResend(message({ is_under_way: true }), { is_disabled: false })).toMatch(/under way/);
    expect(whyNotResend(message({ event_sequence: null }), { is_disabled: false })).toMatch(/test/);
  });
});

describe('an attempt', () => {
  it('is good only with a good status and no error', () => {
    expect(attemptStanding({ status: 204, error: null })).toMatchObject({ tone: 'good', label: '204' });
    expect(attemptStanding({ status: 200, error: 'the body did not end' }).tone).toBe('bad');
    expect(attemptStanding({ status: 301, error: null }).tone).toBe('bad');
    expect(attemptStanding({ status: null, error: 'refused' })).toEqual({
      tone: 'bad',
      label: 'No answer',
      explanation: 'refused',
    });
  });

  it('says how long it took', () => {
    expect([durationWords(3), durationWords(999), durationWords(1_540)]).toEqual(['3 ms', '999 ms', '1.5 s']);
  });

  it('that is a test says what came of it', () => {
    const trial = { message_id: 'm', response: '', duration_ms: 12 };
    expect(trialWords({ ...trial, is_delivered: true, status: 200, error: null })).toBe(
      'The endpoint took the test: it answered 200 in 12 ms.',
    );
    expect(trialWords({ ...trial, is_delivered: false, status: null, error: 'nobody listens there' })).toBe(
      'The endpoint did not take the test: there was no answer in 12 ms. Nobody listens there.',
    );
  });
});

describe('types of events', () => {
  const types = ['task.moved', 'team.created', 'task.created', 'shared_view.made'].map((type) => ({
    type,
    description: `about ${type}`,
    example: {},
    schema: {},
  }));

  it('stand in groups, in the order of the server', () => {
    expect(groupTypes(types).map(({ name, types }) => [name, types.map(({ type }) => type)])).toEqual([
      ['Task', ['task.moved', 'task.created']],
      ['Team', ['team.created']],
      ['Shared view', ['shared_view.made']],
    ]);
  });

  it('are found by their words', () => {
    expect(fitting(types, ' CREATED about ').map(({ type }) => type)).toEqual([
      'team.created',
      'task.created',
    ]);
    expect(fitting(types, '')).toHaveLength(4);
  });

  it('are said in few words', () => {
    expect(typesWords([])).toBe('All events');
    expect(typesWords(['a.b'])).toBe('a.b');
    expect(typesWords(['a.b', 'c.d', 'e.f', 'g.h', 'i.j'])).toBe('a.b, c.d, e.f and 2 more');
  });
});
