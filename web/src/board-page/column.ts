/** A column: its head, its cards, and the fields in which new cards are written. */
import type { Category } from '../board/schema';
import type { ColumnView } from '../board/view';
import { fill, growing, h, setAttribute, setText } from '../ui/dom';
import { icon } from '../ui/icons';
import { paint } from './tones';

export const CATEGORY_NAMES: Readonly<Record<Category, string>> = {
  backlog: 'Backlog',
  unstarted: 'Not started',
  started: 'Started',
  completed: 'Completed',
  cancelled: 'Cancelled',
};

export interface ColumnActions {
  readonly rename: (id: string, title: string) => void;
  readonly menu: (id: string, anchor: HTMLElement) => void;
  /** Creates a card; answers its id. */
  readonly add: (id: string, title: string, at: 'first' | 'last') => string | null;
  readonly focusCard: (card: string) => void;
}

export interface ColumnState {
  readonly column: ColumnView;
  readonly shown: number;
  readonly isWritable: boolean;
}

export class ColumnElement {
  readonly root: HTMLElement;
  readonly body: HTMLElement;
  readonly list: HTMLUListElement;
  readonly #heading: HTMLHeadingElement;
  readonly #title: HTMLButtonElement;
  readonly #mark: HTMLElement;
  readonly #count: HTMLElement;
  readonly #menu: HTMLButtonElement;
  readonly #plus: HTMLButtonElement;
  readonly #add: HTMLButtonElement;
  readonly #empty: HTMLElement;
  #state: ColumnState | null = null;

  constructor(
    readonly id: string,
    private readonly actions: ColumnActions,
  ) {
    const headingId = `column-${id}`;
    this.#title = h('button', {
      type: 'button',
      class: 'column-title',
      title: 'Rename',
      on: { click: () => this.rename() },
    });
    this.#heading = h('h2', { id: headingId }, this.#title);
    this.#mark = h('span', { class: 'column-mark' });
    this.#count = h('span', { class: 'column-count' });
    this.#plus = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        title: 'Add a card at the top',
        on: { click: () => this.compose('first') },
      },
      icon('plus'),
    );
    this.#menu = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-haspopup': 'menu',
        'aria-expanded': 'false',
        title: 'What can be done with this column',
        on: { click: () => this.actions.menu(this.id, this.#menu) },
      },
      icon('more'),
    );
    this.list = h('ul', { class: 'column-cards', 'aria-labelledby': headingId });
    this.#empty = h('p', { class: 'column-empty' }, 'No cards');
    this.#add = h(
      'button',
      { type: 'button', class: 'column-add', on: { click: () => this.compose('last') } },
      icon('plus'),
      'Add a card',
    );
    this.body = h('div', { class: 'column-body' }, this.#empty, this.list);
    this.root = h(
      'section',
      { class: 'column', 'data-column': id, 'aria-labelledby': headingId },
      h('div', { class: 'column-head' }, this.#mark, this.#heading, this.#count, this.#plus, this.#menu),
      this.body,
      this.#add,
    );
  }

  draw(state: ColumnState): void {
    const { column, shown, isWritable } = state;
    const before = this.#state;
    this.#state = state;
    const name = column.title || 'Untitled';
    setText(this.#title, name);
    setAttribute(this.#title, 'disabled', isWritable ? null : '');
    setAttribute(this.#plus, 'aria-label', `Add a card at the top of ${name}`);
    setAttribute(this.#menu, 'aria-label', `Column ${name}: actions`);
    if (before?.column.category !== column.category) {
      fill(this.#mark, icon(`state-${column.category}`));
      this.#mark.title = CATEGORY_NAMES[column.category];
      setAttribute(this.root, 'data-category', column.category);
    }
    setAttribute(this.root, 'style', column.color ? `--tone: ${paint(column.color)}` : null);
    setAttribute(this.root, 'data-toned', column.color ? '' : null);
    const { length } = column.cards;
    const limit = column.wip ? ` / ${column.wip.limit}` : '';
    setText(this.#count, shown === length ? `${length}${limit}` : `${shown} of ${length}${limit}`);
    setAttribute(this.#count, 'data-over', column.over_limit ? '' : null);
    setAttribute(this.root, 'data-over', column.over_limit ? '' : null);
    this.#count.title = column.over_limit
      ? `${length - (column.wip?.limit ?? 0)} over the limit of ${column.wip?.limit}`
      : column.wip
        ? `At most ${column.wip.limit} at a time`
        : 'Cards';
    this.#empty.hidden = shown > 0 || this.#isComposing();
    setText(this.#empty, length > 0 ? 'No card fits the filter' : 'No cards');
    for (const button of [this.#plus, this.#menu]) button.hidden = !isWritable;
    this.#add.hidden = !isWritable || this.body.querySelector('.composer-last') !== null;
  }

  rename(): void {
    const state = this.#state;
    if (!state?.isWritable) return;
    const field = h('input', { class: 'column-field', maxlength: 100, 'aria-label': 'Name of the column' });
    field.value = state.column.title;
    let isOpen = true;
    const end = (keep: boolean, focus: boolean) => {
      if (!isOpen) return;
      isOpen = false;
      field.replaceWith(this.#title);
      const typed = field.value.trim();
      if (keep && typed !== '' && typed !== state.column.title) this.actions.rename(this.id, typed);
      if (focus) this.#title.focus();
    };
    field.addEventListener('blur', () => end(true, false));
    field.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      event.preventDefault(); // the button that has the focus then is not pressed by the same key
      end(event.key === 'Enter', true);
    });
    this.#title.replaceWith(field);
    field.focus();
    field.select();
  }

  /** Opens a field for new cards. Enter makes one and waits for the next; Escape, or leaving it empty, closes it. */
  compose(at: 'first' | 'last'): void {
    if (!this.#state?.isWritable) return;
    this.body.querySelector('.composer')?.remove();
    const field = growing(
      h('textarea', {
        class: 'composer-field',
        rows: 2,
        maxlength: 500,
        placeholder: 'What is to be done?',
        'aria-label': `Title of a new card in ${this.#state.column.title}`,
      }),
    );
    let last: string | null = null;
    let isOpen = true;
    const add = () => {
      const title = field.value.replace(/\s+/g, ' ').trim();
      if (title === '') return;
      const made = this.actions.add(this.id, title, at);
      if (made === null) return; // what was typed stays: the reason is said elsewhere
      last = made;
      field.value = '';
      field.dispatchEvent(new Event('input'));
      this.#reveal(at);
    };
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      composer.remove();
      if (this.#state) this.draw(this.#state);
    };
    const composer = h(
      'div',
      { class: `composer composer-${at}` },
      field,
      h(
        'div',
        { class: 'composer-foot' },
        h(
          'button',
          {
            type: 'button',
            class: 'primary',
            on: {
              click: () => {
                add();
                field.focus();
              },
            },
          },
          'Add card',
        ),
        h('button', { type: 'button', class: 'quiet', on: { click: close } }, 'Close'),
      ),
    );
    field.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        add();
      } else if (event.key === 'Escape') {
        close();
        if (last !== null) this.actions.focusCard(last);
        else this.#add.focus();
      }
    });
    composer.addEventListener('focusout', (event) => {
      if (!isOpen || composer.contains(event.relatedTarget as Node | null) || !document.hasFocus()) return;
      add();
      close();
    });
    if (at === 'first') this.body.prepend(composer);
    else this.body.append(composer);
    this.#add.hidden = at === 'last';
    this.#empty.hidden = true;
    field.focus();
    this.#reveal(at);
  }

  #isComposing(): boolean {
    return this.body.querySelector('.composer') !== null;
  }

  #reveal(at: 'first' | 'last'): void {
    requestAnimationFrame(() => {
      this.body.scrollTop = at === 'first' ? 0 : this.body.scrollHeight;
    });
  }
}
