/** One delivery: what was sent when, and what came back. What came back was written by somebody else: it is only text. */

import { wordsOf } from '../app/lists';
import type { Shell } from '../app/shell';
import { closeButton, openDialog } from '../ui/dialog';
import { fill, h } from '../ui/dom';
import { icon } from '../ui/icons';
import { announce } from '../ui/voice';
import { fullMoment, timeElement } from '../ui/when';
import { countWords, sentence } from '../ui/words';
import { badge } from './badge';
import { type Attempt, type Endpoint, getMessage, listAttempts, type Message, resendMessage } from './calls';
import { attemptStanding, durationWords, isOpen, statusOf, whyNotResend } from './health';
import { Repeated } from './repeated';

const AGAIN_MS = 1_500;

export function openDelivery(shell: Shell, endpoint: Endpoint, first: Message, changed: () => void): void {
  let message = first;
  let shownAttempts = -1;
  const state = h('div', { class: 'delivery-state', role: 'status' });
  const facts = h('dl', { class: 'facts' });
  const attempts = h('ol', { class: 'attempts', reversed: true });
  const said = h('p', { class: 'said wrong', role: 'alert' });
  const resend = h('button', { type: 'button', class: 'primary', 'data-testid': 'resend' }, 'Send again');
  const why = h('p', { class: 'hint', id: 'why-not-resend' });
  const draw = () => {
    const standing = statusOf(message.status);
    fill(
      state,
      badge(standing),
      h('span', {}, message.is_under_way ? 'An attempt is under way.' : standing.explanation),
    );
    fill(facts, ...factsOf(message));
    const reason = whyNotResend(message, endpoint);
    resend.disabled = reason !== null;
    why.textContent = reason ?? '';
  };
  const look = async () => {
    message = await getMessage(shell.api, first.id);
    if (message.attempts !== shownAttempts) {
      const list = await listAttempts(shell.api, first.id);
      fill(attempts, ...list.map(attemptItem));
      attempts.dataset.count = String(list.length);
      shownAttempts = message.attempts;
      changed();
    }
    draw();
    return isOpen(message) ? AGAIN_MS : null;
  };
  const again = new Repeated(look);
  const dialog = openDialog('sheet drawer', 'delivery-title', () => again.stop());
  resend.addEventListener('click', async () => {
    resend.disabled = true;
    said.textContent = '';
    try {
      message = await resendMessage(shell.api, first.id);
      announce('It is in line once more.');
      again.now();
    } catch (error) {
      said.textContent = sentence(wordsOf(error));
    }
    draw();
  });
  draw();
  dialog.element.append(
    h(
      'header',
      { class: 'sheet-head' },
      h('h2', { id: 'delivery-title', class: 'mono' }, first.event_type),
      closeButton(dialog),
    ),
    h(
      'div',
      { class: 'sheet-body delivery-body', 'data-testid': 'delivery' },
      state,
      facts,
      h('div', { class: 'row wrapping' }, resend, why),
      said,
      h('h3', {}, 'Attempts'),
      attempts,
    ),
  );
  again.now();
}

function factsOf(message: Message): HTMLElement[] {
  const { webhook_id, event_sequence, created_at, finished_at, next_attempt_at, attempts, status } = message;
  const facts: [string, Node | string][] = [
    ['Message', h('code', {}, webhook_id)],
    ['Happened', timeElement(created_at)],
  ];
  if (event_sequence != null) facts.push(['Place', `${event_sequence} in the workspace`]);
  if (next_attempt_at) facts.push(['Next attempt', timeElement(next_attempt_at)]);
  if (finished_at) facts.push([status === 'dead' ? 'Given up' : 'Delivered', timeElement(finished_at)]);
  facts.push(['Tried', countWords(attempts, 'time', 'times')]);
  return facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
}

function attemptItem(attempt: Attempt): HTMLElement {
  const standing = attemptStanding(attempt);
  return h(
    'li',
    { class: 'attempt', value: attempt.number },
    h(
      'p',
      { class: 'attempt-head' },
      h('span', { class: 'attempt-number' }, `#${attempt.number}`),
      badge(standing),
      h('span', {}, durationWords(attempt.duration_ms)),
      h('time', { datetime: attempt.started_at }, fullMoment(attempt.started_at)),
    ),
    standing.explanation === null
      ? null
      : h('p', { class: 'attempt-error' }, icon('blocked'), sentence(standing.explanation)),
    attempt.response === ''
      ? null
      : h('pre', { class: 'excerpt', tabindex: 0, 'aria-label': 'How the answer began' }, attempt.response),
  );
}
