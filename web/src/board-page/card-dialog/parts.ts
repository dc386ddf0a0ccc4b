/** What a card is a part of, and its own parts. */
import type { CardView } from '../../board/view';
import { fill, h } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { type BoardContext, titleOf } from '../context';
import { openCardPicker } from './card-picker';
import { type Part, section } from './part';

export function partsPart(context: BoardContext, id: string, open: (card: string) => void): Part {
  const { store } = context;
  const list = h('ul', { class: 'links' });
  const field = h('input', {
    class: 'field',
    maxlength: 500,
    placeholder: 'Add a sub-task',
    'aria-label': 'Title of a new sub-task',
    'data-testid': 'subtask-field',
  });
  const existing = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      on: {
        click: () =>
          openCardPicker(context, existing, {
            label: 'Find a card that is a part of this one',
            without: new Set([id, ...(store.view.cards.get(id)?.children ?? [])]),
            onPick: (part) => store.act((board) => board.setParent(part, id)),
          }),
      },
    },
    'Choose a card',
  );
  const form = h(
    'form',
    { class: 'add-line' },
    field,
    h('button', { type: 'submit', class: 'quiet' }, 'Add'),
    existing,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const title = field.value.trim();
    const column = store.view.cards.get(id)?.column ?? store.view.columns[0]?.id;
    if (title === '' || column === undefined) return;
    const made = store.createCard((board, part) => {
      board.createCard(part, title, column);
      board.setParent(part, id);
    });
    if (made !== null) field.value = '';
  });
  return {
    element: section('parts', 'Sub-tasks', list, form),
    draw({ children }, view) {
      form.hidden = !store.isWritable;
      const columns = new Map(view.columns.map((column) => [column.id, column.title]));
      fill(
        list,
        ...children.map((child) => {
          const card = view.cards.get(child);
          const box = h('input', {
            type: 'checkbox',
            'aria-label': titleOf(card),
            disabled: !store.isWritable,
          });
          box.checked = card?.done != null;
          box.addEventListener('change', () =>
            store.act((board) => board.setAttributes(child, { done: box.checked })),
          );
          return h(
            'li',
            { class: 'link', 'data-done': card?.done ? '' : null },
            box,
            h(
              'button',
              { type: 'button', class: 'link-title', on: { click: () => open(child) } },
              titleOf(card),
            ),
            h('small', {}, standing(card, columns)),
            store.isWritable
              ? h(
                  'button',
                  {
                    type: 'button',
                    class: 'icon-button',
                    'aria-label': `${titleOf(card)} is no part of this`,
                    on: { click: () => store.act((board) => board.setParent(child, null)) },
                  },
                  icon('close'),
                )
              : null,
          );
        }),
      );
    },
  };
}

function standing(card: CardView | undefined, columns: ReadonlyMap<string, string>): string {
  return card?.state === 'archived' ? 'archived' : (columns.get(card?.column ?? '') ?? '');
}

export function parentPart(context: BoardContext, id: string, open: (card: string) => void): Part {
  const { store } = context;
  const shown = h('div', { class: 'parent' });
  const choose = h(
    'button',
    {
      type: 'button',
      class: 'add-button wide',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      on: {
        click: () =>
          openCardPicker(context, choose, {
            label: 'Find the card that this is a part of',
            without: new Set([id]),
            onPick: (parent) => store.act((board) => board.setParent(id, parent)),
          }),
      },
    },
    icon('plus'),
    'Choose a card',
  );
  return {
    element: section('parent', 'Part of', shown, choose),
    draw({ parent }, view) {
      choose.hidden = !store.isWritable || parent !== null;
      shown.hidden = parent === null;
      if (parent === null) return;
      const title = titleOf(view.cards.get(parent));
      fill(
        shown,
        h('button', { type: 'button', class: 'link-title', on: { click: () => open(parent) } }, title),
        store.isWritable
          ? h(
              'button',
              {
                type: 'button',
                class: 'icon-button',
                'aria-label': `This is no part of ${title}`,
                on: { click: () => store.act((board) => board.setParent(id, null)) },
              },
              icon('close'),
            )
          : null,
      );
    },
  };
}
