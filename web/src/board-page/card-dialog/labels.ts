/** The labels of a card, and all labels of the board: they are made, named, coloured and deleted here. */
import type { BoardView, CardView, OptionView } from '../../board/view';
import { fill, h } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { openPopover } from '../../ui/popover';
import { labelChip } from '../card';
import type { BoardContext } from '../context';
import { folded } from '../filter';
import { swatches } from '../swatches';
import { TONES } from '../tones';
import { type Part, section } from './part';

export function labelsPart(context: BoardContext, id: string): Part {
  const { store } = context;
  const row = h('div', { class: 'chips large' });
  const element = section('label', 'Labels', row);
  let picker: { draw: (card: CardView, view: BoardView) => void } | null = null;
  const add = h(
    'button',
    {
      type: 'button',
      class: 'add-button',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      'aria-label': 'Choose labels',
      'data-testid': 'choose-labels',
      on: {
        click: () => {
          picker = openPicker(context, id, add, () => {
            picker = null;
          });
        },
      },
    },
    icon('plus'),
  );
  return {
    element,
    draw(card, view) {
      const chips = view.labels.filter((label) => card.labels.includes(label.id)).map(labelChip);
      fill(
        row,
        ...chips,
        store.isWritable ? add : null,
        chips.length === 0 && !store.isWritable ? 'None' : null,
      );
      picker?.draw(card, view);
    },
  };
}

function openPicker(context: BoardContext, id: string, anchor: HTMLElement, onClose: () => void) {
  const { store } = context;
  const field = h('input', {
    class: 'field',
    maxlength: 100,
    placeholder: 'Find or make a label',
    'aria-label': 'Find or make a label',
    'data-testid': 'label-field',
  });
  const list = h('div', { class: 'choices' });
  const make = h('button', { type: 'submit', class: 'tool make' });
  const form = h('form', {}, field, list, make);
  const content = h('div', { class: 'picker' }, form);
  const popover = openPopover(anchor, content, { label: 'Labels of the card', onClose });
  const toggle = (label: string, on: boolean) =>
    store.act((board) => (on ? board.addTo('labels', id, label) : board.removeFrom('labels', id, label)));
  const draw = () => {
    const { view } = store;
    const card = view.cards.get(id);
    const focused = document.activeElement?.closest<HTMLElement>('[data-label]')?.dataset.label;
    const wanted = folded(field.value.trim());
    const fitting = view.labels.filter(({ name }) => folded(name).includes(wanted));
    fill(
      list,
      ...fitting.map((label) => {
        const box = h('input', { type: 'checkbox' });
        box.checked = card?.labels.includes(label.id) ?? false;
        box.addEventListener('change', () => toggle(label.id, box.checked));
        return h(
          'div',
          { class: 'choice', 'data-label': label.id },
          h('label', {}, box, labelChip(label)),
          h(
            'button',
            {
              type: 'button',
              class: 'icon-button',
              'aria-label': `Change the label ${label.name}`,
              on: { click: () => fill(content, changeForm(label)) },
            },
            icon('pencil'),
          ),
        );
      }),
    );
    if (focused !== undefined) list.querySelector<HTMLElement>(`[data-label="${focused}"] input`)?.focus();
    make.hidden = wanted === '' || view.labels.some(({ name }) => folded(name) === wanted);
    fill(make, icon('plus'), `Make “${field.value.trim()}”`);
    popover.settle();
  };
  const changeForm = (label: OptionView): HTMLElement => {
    const name = h('input', { class: 'field', maxlength: 100, 'aria-label': 'Name of the label' });
    name.value = label.name;
    let { color } = label;
    const colors = h('div', {});
    const showColors = () =>
      fill(
        colors,
        swatches('Colour of the label', color, (next) => {
          color = next;
          showColors();
        }),
      );
    showColors();
    const back = () => {
      fill(content, form);
      draw();
      field.focus();
    };
    const change = h(
      'form',
      { class: 'small-form' },
      name,
      colors,
      h(
        'div',
        { class: 'row' },
        h('button', { type: 'submit', class: 'primary' }, 'Keep'),
        h('button', { type: 'button', class: 'quiet', on: { click: back } }, 'Back'),
        h('span', { class: 'gap' }),
        h(
          'button',
          {
            type: 'button',
            class: 'quiet danger',
            on: {
              click: () => {
                store.act((board) => board.delete('labels', label.id));
                back();
              },
            },
          },
          'Delete',
        ),
      ),
    );
    change.addEventListener('submit', (event) => {
      event.preventDefault();
      const typed = name.value.trim();
      if (typed !== label.name && typed !== '') store.act((board) => board.rename('labels', label.id, typed));
      if (color !== label.color) store.act((board) => board.recolor('labels', label.id, color));
      back();
    });
    queueMicrotask(() => name.focus());
    return change;
  };
  field.addEventListener('input', draw);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = field.value.trim();
    const first = store.view.labels.find((label) => folded(label.name) === folded(name));
    if (first !== undefined) {
      toggle(first.id, true);
    } else if (name !== '') {
      // The next colour in turn: two labels look different unless somebody wants them alike.
      const color = TONES[(store.view.labels.length % (TONES.length - 1)) + 1] ?? 'blue';
      const made = store.createEntry('labels', (board, label) => board.createLabel(label, name, color));
      if (made === null) return;
      toggle(made, true);
    }
    field.value = '';
    draw();
  });
  draw();
  field.focus();
  return { draw: () => list.isConnected && draw() };
}
