/** The row above the board: looking for cards, undo, what was put away, help. */
import { PRIORITIES } from '../board/schema';
import type { BoardView } from '../board/view';
import { fill, h, setAttribute, setText } from '../ui/dom';
import { type IconName, icon } from '../ui/icons';
import { openPopover } from '../ui/popover';
import { avatar } from './avatar';
import { labelChip, PRIORITY_NAMES } from './card';
import type { BoardContext } from './context';
import { openDrawer } from './drawer';
import { type Choice, isFiltering, NO_FILTER, toggled } from './filter';
import { openHelp } from './help';
import { nameOf } from './names';

const TYPED_MS = 120;

export class Tools {
  readonly root: HTMLElement;
  readonly #field: HTMLInputElement;
  readonly #clear: HTMLButtonElement;
  readonly #undo: HTMLButtonElement;
  readonly #redo: HTMLButtonElement;
  readonly #choices: ReadonlyMap<Choice, HTMLButtonElement>;

  constructor(private readonly context: BoardContext) {
    const { history } = context.store;
    this.#field = h('input', {
      type: 'search',
      class: 'filter-field',
      placeholder: 'Filter',
      'aria-label': 'Filter cards by words',
      title: 'Filter (/)',
      'data-testid': 'filter',
    });
    let typing: ReturnType<typeof setTimeout> | undefined;
    this.#field.addEventListener('input', () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.#search(), TYPED_MS);
    });
    this.#field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.#field.value = '';
        this.#search();
        this.#field.blur();
      } else if (event.key === 'Enter') this.#search();
    });
    this.#clear = h(
      'button',
      { type: 'button', class: 'tool', on: { click: () => this.#reset() } },
      icon('close'),
      'Clear',
    );
    this.#undo = this.#button('undo', 'Undo (Ctrl+Z)', () => history.undo());
    this.#redo = this.#button('redo', 'Redo (Ctrl+Shift+Z)', () => history.redo());
    this.#choices = new Map<Choice, HTMLButtonElement>([
      ['labels', this.#choice('labels', 'label', 'Labels')],
      ['assignees', this.#choice('assignees', 'person', 'People')],
      ['priorities', this.#choice('priorities', 'flag', 'Priority')],
    ]);
    this.root = h(
      'div',
      { class: 'board-tools', role: 'toolbar', 'aria-label': 'Board' },
      h('div', { class: 'filter' }, icon('search'), this.#field),
      ...this.#choices.values(),
      this.#clear,
      h('span', { class: 'gap' }),
      this.#undo,
      this.#redo,
      this.#button('archive', 'Archive and trash', () => openDrawer(this.context)),
      this.#button('help', 'Keys (?)', openHelp),
    );
  }

  /** Puts the cursor into the field. */
  search(): void {
    this.#field.focus();
    this.#field.select();
  }

  draw(_view: BoardView): void {
    const { store, filter } = this.context;
    setAttribute(this.#undo, 'aria-disabled', String(!store.history.canUndo));
    setAttribute(this.#redo, 'aria-disabled', String(!store.history.canRedo));
    this.#undo.hidden = !store.isWritable;
    this.#redo.hidden = !store.isWritable;
    this.#clear.hidden = !isFiltering(filter());
    for (const [choice, button] of this.#choices) {
      const { size } = filter()[choice];
      const count = button.querySelector('.tool-count');
      if (count) setText(count, size > 0 ? String(size) : '');
      setAttribute(button, 'data-chosen', size > 0 ? '' : null);
    }
  }

  #search(): void {
    const { filter, setFilter } = this.context;
    if (filter().text !== this.#field.value) setFilter({ ...filter(), text: this.#field.value });
  }

  #reset(): void {
    this.#field.value = '';
    this.context.setFilter(NO_FILTER);
    this.#field.focus();
  }

  #button(name: IconName, label: string, run: () => void): HTMLButtonElement {
    return h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': label.replace(/ \(.*/, ''),
        title: label,
        'data-tool': name,
        on: { click: run },
      },
      icon(name),
    );
  }

  #choice(choice: Choice, name: IconName, label: string): HTMLButtonElement {
    const button: HTMLButtonElement = h(
      'button',
      {
        type: 'button',
        class: 'tool',
        'aria-haspopup': 'dialog',
        'aria-expanded': 'false',
        on: { click: () => this.#choose(choice, label, button) },
      },
      icon(name),
      h('span', {}, label),
      h('span', { class: 'tool-count' }),
    );
    return button;
  }

  #choose(choice: Choice, label: string, anchor: HTMLElement): void {
    const { filter, setFilter } = this.context;
    const options = this.#options(choice);
    const list = h('div', { class: 'choices' });
    if (options.length === 1)
      fill(list, h('p', { class: 'hint' }, `There are no ${label.toLowerCase()} here yet.`));
    else {
      for (const [id, face] of options) {
        const box = h('input', { type: 'checkbox' });
        box.checked = (filter()[choice] as ReadonlySet<string>).has(id);
        box.addEventListener('change', () => setFilter(toggled(filter(), choice, id)));
        list.append(h('label', { class: 'choice' }, box, face));
      }
    }
    openPopover(anchor, list, { label: `Filter by ${label.toLowerCase()}` });
  }

  #options(choice: Choice): [string, Node][] {
    const { store, directory } = this.context;
    const { view } = store;
    switch (choice) {
      case 'labels':
        return [
          ...view.labels.map((label): [string, Node] => [label.id, labelChip(label)]),
          ['', h('span', { class: 'hint' }, 'No label')],
        ];
      case 'assignees': {
        const ids = new Set<string>();
        for (const { state, assignees } of view.cards.values()) {
          if (state === 'open') for (const id of assignees) ids.add(id);
        }
        const people = [...ids].map((id) => ({ id, name: nameOf(directory(), id) }));
        people.sort((one, other) => one.name.localeCompare(other.name));
        return [
          ...people.map(({ id, name }): [string, Node] => [
            id,
            h('span', { class: 'person' }, avatar(id, name), h('span', { 'aria-hidden': 'true' }, name)),
          ]),
          ['', h('span', { class: 'hint' }, 'Nobody')],
        ];
      }
      case 'priorities':
        return [
          ...PRIORITIES.map((name): [string, Node] => [
            name,
            h('span', { class: `person priority-${name}` }, icon(`prio-${name}`), PRIORITY_NAMES[name]),
          ]).reverse(),
          ['', h('span', { class: 'hint' }, 'No priority')],
        ];
    }
  }
}
