/** Finds another card of the board. */
import { fill, h } from '../../ui/dom';
import { openPopover } from '../../ui/popover';
import { type BoardContext, titleOf } from '../context';
import { folded } from '../filter';

const OFFERED = 30;

export interface PickerOptions {
  readonly label: string;
  /** Cards that cannot be chosen. */
  readonly without: ReadonlySet<string>;
  readonly onPick: (card: string) => void;
  /** Makes something new of what was typed. */
  readonly onMake?: (title: string) => void;
}

export function openCardPicker(context: BoardContext, anchor: HTMLElement, options: PickerOptions): void {
  const { store } = context;
  const field = h('input', {
    class: 'field',
    maxlength: 500,
    placeholder: 'Find a card',
    'aria-label': options.label,
  });
  const list = h('div', { class: 'choices' });
  const form = h('form', { class: 'picker' }, field, list);
  const popover = openPopover(anchor, form, { label: options.label });
  const pick = (card: string) => {
    popover.close();
    options.onPick(card);
  };
  const fitting = (): string[] => {
    const { columns, cards } = store.view;
    const words = folded(field.value).split(/\s+/).filter(Boolean);
    const found: string[] = [];
    for (const id of columns.flatMap((column) => column.cards)) {
      const title = folded(cards.get(id)?.title ?? '');
      if (options.without.has(id) || !words.every((word) => title.includes(word))) continue;
      found.push(id);
      if (found.length === OFFERED) break;
    }
    return found;
  };
  const draw = () => {
    const { columns, cards } = store.view;
    const names = new Map(columns.map(({ id, title }) => [id, title]));
    const ids = fitting();
    fill(
      list,
      ...ids.map((id) => {
        const card = cards.get(id);
        return h(
          'button',
          { type: 'button', class: 'choice', on: { click: () => pick(id) } },
          h('span', { class: 'choice-title' }, titleOf(card)),
          h('small', {}, names.get(card?.column ?? '') ?? ''),
        );
      }),
      ids.length === 0 ? h('p', { class: 'hint' }, 'No card fits.') : null,
    );
    popover.settle();
  };
  field.addEventListener('input', draw);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const [first] = fitting();
    if (first !== undefined && field.value.trim() !== '') pick(first);
  });
  draw();
  field.focus();
}
