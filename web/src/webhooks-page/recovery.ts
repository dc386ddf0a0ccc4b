/** Sending what an endpoint did not get in a time: the question for that time, and how far it is. */

import { openFormDialog } from '../app/form-dialog';
import { PageError, type Shell } from '../app/shell';
import { h, labelled, setText } from '../ui/dom';
import { fullMoment, localInput } from '../ui/when';
import { countWords } from '../ui/words';
import { type Endpoint, getRecovery, type Recovery, recoverEndpoint } from './calls';

import { Repeated } from './repeated';

const HOUR_MS = 3_600_000;
export const FARTHEST_MS = 14 * 24 * HOUR_MS;
const AGAIN_MS = 1_000;

const SPANS: readonly (readonly [string, number])[] = [
  ['Last hour', HOUR_MS],
  ['Last day', 24 * HOUR_MS],
  ['Last week', 7 * 24 * HOUR_MS],
  ['14 days', FARTHEST_MS],
];

/** From when on a recovery is offered: since it fails or was disabled, as far as that is not too long ago. */
export function suggestedSince(
  { failing_since, disabled_at }: Pick<Endpoint, 'failing_since' | 'disabled_at'>,
  now: number,
): number {
  const known = [failing_since, disabled_at].flatMap((moment) => (moment ? [Date.parse(moment)] : []));
  const since = known.length > 0 ? Math.min(...known) : now - HOUR_MS;
  return Math.max(since, now - FARTHEST_MS);
}

/** What is wrong with a time; null if nothing is. */
export function whyNotRecover(since: number, until: number | null, now: number): string | null {
  if (Number.isNaN(since)) return 'Say from when on.';
  // A minute more: fields show whole minutes.
  if (since < now - FARTHEST_MS - 60_000) return 'What happened more than 14 days ago is not sent again.';
  if (since >= (until ?? now)) return 'The time must begin before it ends.';
  return null;
}

export function openRecover(shell: Shell, endpoint: Endpoint, begun: (recovery: Recovery) => void): void {
  const since = h('input', { class: 'field', type: 'datetime-local', required: true });
  const until = h('input', { class: 'field', type: 'datetime-local' });
  since.value = localInput(new Date(suggestedSince(endpoint, Date.now())));
  const spans = h(
    'div',
    { class: 'row wrapping', role: 'group', 'aria-label': 'Times' },
    ...SPANS.map(([label, ms]) =>
      h(
        'button',
        {
          type: 'button',
          class: 'tool framed',
          on: {
            click: () => {
              since.value = localInput(new Date(Date.now() - ms));
              until.value = '';
            },
          },
        },
        label,
      ),
    ),
  );
  openFormDialog({
    title: 'Recover a time',
    action: 'Recover',
    fields: [
      h(
        'div',
        { class: 'form-fields' },
        h(
          'p',
          { class: 'hint' },
          'What happened in this time and the endpoint did not take is put in line again. What it has taken is not sent twice.',
        ),
        spans,
        labelled('From', since),
        labelled('Until (now, if it is left empty)', until),
      ),
    ],
    async submit() {
      const now = Date.now();
      const from = Date.parse(since.value);
      const to = until.value === '' ? null : Date.parse(until.value);
      const wrong = whyNotRecover(from, to, now);
      if (wrong !== null) throw new PageError(wrong);
      const earliest = Math.max(from, now - FARTHEST_MS);
      const end = to === null ? null : new Date(to).toISOString();
      begun(await recoverEndpoint(shell.api, endpoint.id, new Date(earliest).toISOString(), end));
    },
  });
}

export interface RecoveryProgress {
  readonly element: HTMLElement;
  stop(): void;
}

/** How far a recovery is, until it is finished. */
export function recoveryProgress(shell: Shell, id: string, changed: () => void): RecoveryProgress {
  const bar = h('progress', { 'aria-label': 'Progress of the recovery', max: 1 });
  const words = h('p', { role: 'status' });
  const time = h('small', {});
  const element = h(
    'section',
    { class: 'recovery', 'data-testid': 'recovery', 'aria-label': 'Recovery' },
    words,
    bar,
    time,
  );
  const again = new Repeated(async () => {
    const recovery = await getRecovery(shell.api, id).catch((error) => {
      if (error instanceof PageError) {
        setText(words, error.message);
        bar.hidden = true;
        return null;
      }
      throw error;
    });
    if (recovery === null) return null;
    bar.max = Math.max(1, recovery.events);
    bar.value = recovery.is_finished ? bar.max : recovery.looked_at;
    element.dataset.finished = String(recovery.is_finished);
    setText(words, recoveryWords(recovery));
    setText(time, `${fullMoment(recovery.since)} – ${fullMoment(recovery.until)}`);
    if (recovery.is_finished) changed();
    return recovery.is_finished ? null : AGAIN_MS;
  });
  again.now();
  return { element, stop: () => again.stop() };
}

export function recoveryWords({ is_finished, looked_at, events, messages }: Recovery): string {
  const put = `${countWords(messages, 'message', 'messages')} put in line`;
  if (is_finished) return `Recovered: ${countWords(events, 'event', 'events')} looked at, ${put}.`;
  return `Recovering: ${looked_at} of ${countWords(events, 'event', 'events')} looked at, ${put}.`;
}
