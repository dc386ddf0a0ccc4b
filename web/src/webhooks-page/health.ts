/** How an endpoint does, and what came of a message, in words and in one of a few tones. Pure. */

import { lasting } from '../ui/when';
import { sentence } from '../ui/words';
import type { Attempt, Endpoint, Message, MessageStatus, Stats, Trial } from './calls';

export type Tone = 'good' | 'waiting' | 'bad' | 'off';

export interface Standing {
  readonly tone: Tone;
  readonly label: string;
  /** More about it, where there is more to say. */
  readonly explanation: string | null;
}

type EndpointState = Pick<Endpoint, 'is_disabled' | 'disabled_reason' | 'failing_since'>;

export function healthOf(endpoint: EndpointState, stats: Stats | null, now: number): Standing {
  if (endpoint.is_disabled) return disabled(endpoint.disabled_reason ?? 'chosen');
  if (endpoint.failing_since) {
    const label = `Failing for ${lasting(endpoint.failing_since, now)}`;
    const explanation =
      'Every attempt has failed since then. After five days of nothing but failures it is disabled.';
    return { tone: 'bad', label, explanation };
  }
  if (stats !== null && stats.failed > 0) {
    return {
      tone: 'waiting',
      label: 'Trying again',
      explanation: 'Some messages failed and are tried again.',
    };
  }
  if (stats !== null && stats.succeeded + stats.pending + stats.dead === 0) {
    return { tone: 'good', label: 'Ready', explanation: 'Nothing was sent to it yet.' };
  }
  return { tone: 'good', label: 'Healthy', explanation: null };
}

function disabled(reason: NonNullable<Endpoint['disabled_reason']>): Standing {
  switch (reason) {
    case 'gone':
      return {
        tone: 'bad',
        label: 'Disabled: gone',
        explanation: 'It answered that it is gone (410), so nothing is sent to it.',
      };
    case 'failing':
      return {
        tone: 'bad',
        label: 'Disabled: failing',
        explanation: 'It failed for five days without one success, so nothing is sent to it.',
      };
    default:
      return {
        tone: 'off',
        label: 'Disabled',
        explanation: 'Nothing is sent to it until somebody enables it.',
      };
  }
}

/** The filters of deliveries, in the order in which they are shown. */
export const STATUSES: readonly MessageStatus[] = ['pending', 'succeeded', 'failed', 'dead'];

const STANDINGS: Readonly<Record<MessageStatus, Standing>> = {
  pending: { tone: 'waiting', label: 'Waiting', explanation: 'Nothing has come of it yet.' },
  succeeded: { tone: 'good', label: 'Delivered', explanation: 'The endpoint has taken it.' },
  failed: {
    tone: 'waiting',
    label: 'Trying again',
    explanation: 'The last attempt failed; another one follows.',
  },
  dead: {
    tone: 'bad',
    label: 'Given up',
    explanation: 'It was tried for the last time, or the endpoint said so.',
  },
};

export function statusOf(status: MessageStatus): Standing {
  return STANDINGS[status];
}

/** Whether something is still to come of a message. */
export function isOpen({ status, is_under_way }: Pick<Message, 'status' | 'is_under_way'>): boolean {
  return is_under_way || status === 'pending' || status === 'failed';
}

/** Why a message cannot be sent once more; null if it can. */
export function whyNotResend(message: Message, endpoint: Pick<Endpoint, 'is_disabled'>): string | null {
  if (message.event_sequence == null) return 'A test is sent once. Send another test instead.';
  if (endpoint.is_disabled) return 'The endpoint is disabled. Enable it first.';
  if (message.is_under_way) return 'An attempt is under way.';
  return null;
}

/** What an attempt came to. */
export function attemptStanding(attempt: Pick<Attempt, 'status' | 'error'>): Standing {
  const { status, error } = attempt;
  if (status == null) return { tone: 'bad', label: 'No answer', explanation: error ?? null };
  const isGood = error == null && status >= 200 && status < 300;
  return { tone: isGood ? 'good' : 'bad', label: String(status), explanation: error ?? null };
}

export function trialWords({ is_delivered, status, duration_ms, error }: Trial): string {
  const took = `in ${durationWords(duration_ms)}`;
  if (is_delivered) return `The endpoint took the test: it answered ${status} ${took}.`;
  const answer = status == null ? 'there was no answer' : `it answered ${status}`;
  return `The endpoint did not take the test: ${answer} ${took}.${error ? ` ${sentence(error)}` : ''}`;
}

export function durationWords(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(ms / 1_000)} s`;
}
