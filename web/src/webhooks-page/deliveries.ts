/** What an endpoint was told, newest first; the figures above the list choose what is shown. */

import { wordsOf } from '../app/lists';
import type { Shell } from '../app/shell';
import { arrangeChildren, fill, h, setAttribute, setText } from '../ui/dom';
import { toast } from '../ui/voice';
import { fromNow, fullMoment } from '../ui/when';
import { countWords, sentence } from '../ui/words';
import { badge } from './badge';
import { type Endpoint, listDeliveries, type Message, type MessageStatus, type Stats } from './calls';
import { openDelivery } from './delivery-drawer';
import { STATUSES, statusOf } from './health';

type Filter = MessageStatus | null;

interface Row {
  readonly element: HTMLElement;
  draw(message: Message, now: number): void;
}

export class Deliveries {
  readonly element: HTMLElement;
  #filter: Filter = null;
  #rows: readonly Message[] = [];
  #next: string | undefined;
  /** Whether more than the newest page is shown; then the list does not change under the reader. */
  #isLong = false;
  /** Counts questions, so that an answer that was overtaken is not shown. */
  #turn = 0;

  readonly #drawn = new Map<string, Row>();
  readonly #list = h('ul', { class: 'deliveries', 'data-testid': 'deliveries' });
  readonly #empty = h('p', { class: 'hint empty' });
  readonly #more = h('button', { type: 'button', class: 'tool framed' }, 'Show more');
  readonly #filters = new Map<Filter, { readonly button: HTMLButtonElement; readonly count: HTMLElement }>();

  constructor(
    private readonly shell: Shell,
    private readonly endpoint: () => Endpoint,
    private readonly onChange: () => void,
  ) {
    const filters = h('div', { class: 'figures', role: 'group', 'aria-label': 'Deliveries by status' });
    for (const status of [null, ...STATUSES]) {
      const count = h('strong', {}, '–');
      const label = status === null ? 'All' : statusOf(status).label;
      const button = h(
        'button',
        {
          type: 'button',
          class: status === null ? 'figure' : `figure ${statusOf(status).tone}`,
          'aria-pressed': String(status === null),
          'data-status': status ?? 'all',
          on: { click: () => this.#choose(status) },
        },
        count,
        h('span', {}, label),
      );
      this.#filters.set(status, { button, count });
      filters.append(button);
    }
    this.#more.addEventListener('click', () => void this.#showMore());
    this.element = h(
      'section',
      { 'aria-labelledby': 'deliveries-title', class: 'deliveries-part' },
      h('h2', { id: 'deliveries-title' }, 'Deliveries'),
      filters,
      this.#list,
      this.#empty,
      this.#more,
    );
    this.#draw();
  }

  showStats({ pending, succeeded, failed, dead }: Stats): void {
    const counts: readonly [Filter, number][] = [
      [null, pending + succeeded + failed + dead],
      ['pending', pending],
      ['succeeded', succeeded],
      ['failed', failed],
      ['dead', dead],
    ];
    for (const [status, count] of counts) {
      const shown = this.#filters.get(status)?.count;
      if (shown) setText(shown, new Intl.NumberFormat().format(count));
    }
  }

  /** Asks for the newest. */
  async refresh(): Promise<void> {
    if (!this.#isLong) await this.#read(false);
  }

  #choose(status: Filter): void {
    this.#filter = status;
    this.#isLong = false;
    for (const [own, { button }] of this.#filters)
      setAttribute(button, 'aria-pressed', String(own === status));
    void this.#read(false).catch((error) => toast(sentence(wordsOf(error))));
  }

  async #showMore(): Promise<void> {
    this.#more.disabled = true;
    try {
      this.#isLong = true;
      await this.#read(true);
    } catch (error) {
      toast(sentence(wordsOf(error)));
    } finally {
      this.#more.disabled = false;
    }
  }

  async #read(isMore: boolean): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const cursor = isMore ? this.#next : undefined;
    const { rows, next } = await listDeliveries(this.shell.api, this.endpoint().id, this.#filter, cursor);
    if (turn !== this.#turn) return;
    this.#rows = isMore ? [...this.#rows, ...rows] : rows;
    this.#next = next;
    this.#draw();
  }

  #draw(): void {
    const now = Date.now();
    const wanted = this.#rows.map((message) => {
      const row = this.#drawn.get(message.id) ?? this.#row(message);
      row.draw(message, now);
      return row.element;
    });
    arrangeChildren(this.#list, wanted);
    const kept = new Set(this.#rows.map(({ id }) => id));
    for (const id of this.#drawn.keys()) if (!kept.has(id)) this.#drawn.delete(id);
    this.#list.hidden = this.#rows.length === 0;
    this.#empty.hidden = this.#rows.length > 0;
    this.#empty.textContent =
      this.#filter === null
        ? 'Nothing was sent yet. Deliveries are kept for 30 days after their end.'
        : 'There is none of these.';
    this.#more.hidden = this.#next === undefined;
  }

  #row(first: Message): Row {
    let message = first;
    const [mark, tried, when] = [h('span', {}), h('small', {}), h('time', {})];
    const button = h(
      'button',
      {
        type: 'button',
        class: 'delivery',
        'data-message': first.id,
        on: { click: () => openDelivery(this.shell, this.endpoint(), message, this.onChange) },
      },
      mark,
      h('span', { class: 'delivery-type' }, first.event_type),
      tried,
      when,
    );
    const row: Row = {
      element: h('li', {}, button),
      draw(latest, now) {
        const isSame =
          button.dataset.status === latest.status && message.is_under_way === latest.is_under_way;
        message = latest;
        if (!isSame) fill(mark, badge(statusOf(latest.status)));
        button.dataset.status = latest.status;
        setText(
          tried,
          latest.is_under_way ? 'Under way' : countWords(latest.attempts, 'attempt', 'attempts'),
        );
        setText(when, fromNow(latest.created_at, now));
        setAttribute(when, 'datetime', latest.created_at);
        setAttribute(when, 'title', fullMoment(latest.created_at));
      },
    };
    this.#drawn.set(first.id, row);
    return row;
  }
}
