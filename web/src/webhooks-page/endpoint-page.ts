/** One endpoint: how it does, what it is told, what came of that, and everything that can be done with it. */

import { listProjects } from '../app/boards';
import { wordsOf } from '../app/lists';
import type { OpenPage } from '../app/router';
import { PageError, type Shell } from '../app/shell';
import { fill, h, setText } from '../ui/dom';
import { icon } from '../ui/icons';
import { toast } from '../ui/voice';
import { fromNow } from '../ui/when';
import { countWords, sentence } from '../ui/words';
import { badge } from './badge';
import {
  type Endpoint,
  enableEndpoint,
  getEndpoint,
  getStats,
  type Stats,
  type Trial,
  testEndpoint,
} from './calls';
import { Deliveries } from './deliveries';
import { type EndpointActions, openActions, openRecovery } from './endpoint-actions';
import { typesWords } from './event-groups';
import { headersWords } from './headers';
import { healthOf, trialWords } from './health';
import { PublicKey } from './public-key';
import { limitWords } from './rate-limit';
import { type RecoveryProgress, recoveryProgress } from './recovery';
import { Repeated } from './repeated';
import { signaturesWords } from './signatures';
import './webhooks.css';

/** How often the figures are looked at while the page is open, and how often all of it though they are the same. */
const AGAIN_MS = 3_000;
const WHOLE_MS = 15_000;

export async function openEndpointPage(shell: Shell, id: string): Promise<OpenPage> {
  const page = new EndpointPage(shell, await getEndpoint(shell.api, id));
  return { title: 'Webhook', element: page.element, close: () => page.close() };
}

class EndpointPage {
  readonly element: HTMLElement;
  #stats: Stats | null = null;
  /** When all of it was asked for; 0: it is time. */
  #wholeAt = 0;
  #recovery: RecoveryProgress | null = null;
  readonly #projects = new Map<string, string>();

  readonly #mark = h('span', { 'data-testid': 'health', role: 'status' });
  readonly #url = h('h1', { class: 'endpoint-title' });
  readonly #description = h('p', { class: 'hint' });
  readonly #explanation = h('p', { class: 'hint' });
  readonly #facts = h('dl', { class: 'facts' });
  readonly #publicKey = new PublicKey();
  readonly #came = h('div', { class: 'trial', role: 'status', hidden: true, 'data-testid': 'trial' });
  readonly #recoverySlot = h('div', {});
  readonly #test = h('button', { type: 'button', class: 'tool framed' }, icon('send'), 'Send a test');
  readonly #enable = h('button', { type: 'button', class: 'primary', hidden: true }, 'Enable');
  readonly #more: HTMLButtonElement;
  readonly #deliveries: Deliveries;
  readonly #again: Repeated;

  constructor(
    private readonly shell: Shell,
    private endpoint: Endpoint,
  ) {
    this.#more = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': 'Endpoint: actions',
        title: 'Actions',
        'aria-haspopup': 'menu',
        'aria-expanded': 'false',
        on: { click: () => openActions(this.#more, this.#actions()) },
      },
      icon('more'),
    );
    this.#deliveries = new Deliveries(
      shell,
      () => this.endpoint,
      () => this.#lookNow(),
    );
    this.#again = new Repeated(() => this.#look());
    this.#test.addEventListener('click', () => void this.#busy(this.#test, () => this.#sendTest()));
    this.#enable.addEventListener('click', () => void this.#busy(this.#enable, () => this.#enableIt()));
    this.element = h(
      'div',
      { class: 'webhooks' },
      h(
        'a',
        { class: 'back', href: `/webhooks?workspace=${endpoint.workspace_id}` },
        icon('left'),
        'Webhooks',
      ),
      h(
        'div',
        { class: 'page-head' },
        h('div', { class: 'endpoint-heading' }, this.#url, this.#mark),
        h('div', { class: 'row' }, this.#enable, this.#test, this.#more),
      ),
      this.#description,
      this.#explanation,
      this.#facts,
      this.#publicKey.element,
      this.#came,
      this.#recoverySlot,
      this.#deliveries.element,
    );
    this.#draw();
    this.#lookNow();
    void this.#nameProjects();
    const recovery = new URLSearchParams(location.search).get('recovery');
    if (recovery !== null) this.#follow(recovery);
  }

  close(): void {
    this.#again.stop();
    this.#recovery?.stop();
  }

  #draw(): void {
    const { url, description, event_types, created_at, is_disabled } = this.endpoint;
    const { headers, rate_limit, signatures, public_key } = this.endpoint;
    const health = healthOf(this.endpoint, this.#stats, Date.now());
    setText(this.#url, url);
    if (this.#mark.textContent !== health.label) fill(this.#mark, badge(health));
    setText(this.#description, description);
    this.#description.hidden = description === '';
    setText(this.#explanation, health.explanation ?? '');
    this.#explanation.hidden = health.explanation === null;
    this.#enable.hidden = !is_disabled;
    const facts: [string, string][] = [
      ['Events', typesWords(event_types)],
      ['Projects', this.#projectWords()],
      ['Headers', headersWords(headers)],
      ['Speed', limitWords(rate_limit)],
      ['Signed', signaturesWords(signatures)],
      ['Made', fromNow(created_at, Date.now())],
    ];
    const { events_behind = 0, oldest_open_at } = this.#stats ?? {};
    if (events_behind > 0 && !is_disabled) {
      facts.push(['Behind', countWords(events_behind, 'event', 'events')]);
    }
    if (oldest_open_at) facts.push(['Oldest waiting', fromNow(oldest_open_at, Date.now())]);
    const nodes = facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
    nodes[1]?.setAttribute('title', event_types.join(', '));
    fill(this.#facts, ...nodes);
    this.#publicKey.draw(public_key);
  }

  #projectWords(): string {
    const ids = this.endpoint.project_ids;
    if (ids.length === 0) return 'The whole workspace';
    const names = ids.map((id) => this.#projects.get(id)).filter((name) => name !== undefined);
    return names.length === ids.length ? names.join(', ') : countWords(ids.length, 'project', 'projects');
  }

  async #nameProjects(): Promise<void> {
    const projects = await listProjects(this.shell.api).catch(() => []);
    for (const { id, name } of projects) this.#projects.set(id, name);
    this.#draw();
  }

  #lookNow(): void {
    this.#wholeAt = 0;
    this.#again.now();
  }

  /** Null once there is nothing more to see, because the endpoint is gone or not ours to manage any more. */
  async #look(): Promise<number | null> {
    try {
      return await this.#lookAtIt();
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      this.#explanation.hidden = false;
      setText(this.#explanation, sentence(error.message));
      return error.status === 403 || error.status === 404 ? null : WHOLE_MS;
    }
  }

  async #lookAtIt(): Promise<number> {
    const { api } = this.shell;
    const id = this.endpoint.id;
    const stats = await getStats(api, id);
    const isSame = JSON.stringify(stats) === JSON.stringify(this.#stats);
    if (isSame && Date.now() - this.#wholeAt < WHOLE_MS) return AGAIN_MS;
    this.#wholeAt = Date.now();
    this.#stats = stats;
    this.#deliveries.showStats(stats);
    this.endpoint = await getEndpoint(api, id);
    this.#draw();
    await this.#deliveries.refresh();
    return AGAIN_MS;
  }

  async #busy(button: HTMLButtonElement, work: () => Promise<void>): Promise<void> {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      toast(sentence(wordsOf(error)));
    } finally {
      button.disabled = false;
      this.#lookNow();
    }
  }

  async #sendTest(): Promise<void> {
    this.#showTrial(await testEndpoint(this.shell.api, this.endpoint.id));
  }

  #showTrial(trial: Trial): void {
    this.#came.hidden = false;
    this.#came.dataset.delivered = String(trial.is_delivered);
    fill(
      this.#came,
      h('p', {}, trialWords(trial)),
      trial.response === ''
        ? null
        : h('pre', { class: 'excerpt', tabindex: 0, 'aria-label': 'How the answer began' }, trial.response),
    );
  }

  /** Enabling tries the endpoint out; if it does not take that, a test says why. */
  async #enableIt(): Promise<void> {
    const since = this.endpoint.disabled_at ?? null;
    try {
      this.#changed(await enableEndpoint(this.shell.api, this.endpoint.id));
      toast('It is told what happens from now on.', {
        label: 'Recover what it missed',
        run: () => openRecovery(this.#actions(), since),
      });
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      await this.#sendTest();
      toast(sentence(error.message));
    }
  }

  #changed(endpoint: Endpoint): void {
    this.endpoint = endpoint;
    this.#draw();
    this.#lookNow();
  }

  #actions(): EndpointActions {
    return {
      shell: this.shell,
      endpoint: this.endpoint,
      busy: (work) => this.#busy(this.#more, work),
      enable: () => void this.#busy(this.#enable, () => this.#enableIt()),
      changed: (endpoint) => this.#changed(endpoint),
      recovering: (recovery) => this.#follow(recovery),
    };
  }

  #follow(recovery: string): void {
    this.#recovery?.stop();
    this.#recovery = recoveryProgress(this.shell, recovery, () => this.#lookNow());
    fill(this.#recoverySlot, this.#recovery.element);
  }
}
