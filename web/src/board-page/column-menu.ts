/** What can be done with a column. */
import { CATEGORIES } from '../board/schema';
import type { ColumnView } from '../board/view';
import { fill, h, labelled } from '../ui/dom';
import { openMenu, openPopover } from '../ui/popover';
import { toast } from '../ui/voice';
import { CATEGORY_NAMES } from './column';
import type { BoardContext } from './context';
import { swatches } from './swatches';

export function openColumnMenu(
  context: BoardContext,
  id: string,
  anchor: HTMLElement,
  rename: () => void,
): void {
  const { store } = context;
  const columns = store.view.columns;
  const at = columns.findIndex((column) => column.id === id);
  const column = columns[at];
  if (column === undefined) return;
  const [left, right] = [columns[at - 1], columns[at + 1]];
  const refocus = () => requestAnimationFrame(() => anchor.focus());
  openMenu(anchor, `Column ${column.title}`, [
    { label: 'Rename', icon: 'pencil', run: rename },
    { label: 'Colour and kind…', icon: 'label', run: () => openLook(context, column, anchor) },
    { label: 'Limit of cards…', icon: 'flag', run: () => openLimit(context, column, anchor) },
    null,
    {
      label: 'Move left',
      icon: 'left',
      disabled: left === undefined,
      run: () => {
        if (left) store.act((board) => board.reorder('columns', id, { before: left.id }));
        refocus();
      },
    },
    {
      label: 'Move right',
      icon: 'right',
      disabled: right === undefined,
      run: () => {
        if (right) store.act((board) => board.reorder('columns', id, { after: right.id }));
        refocus();
      },
    },
    null,
    {
      label: 'Archive all its cards',
      icon: 'archive',
      disabled: column.cards.length === 0,
      run: () => archiveAll(context, column),
    },
    { label: 'Delete the column', icon: 'trash', danger: true, run: () => remove(context, column) },
  ]);
}

/** Nothing is lost: its cards come to the end of the first column, and back when it does. */
function remove({ store }: BoardContext, { id, title, cards }: ColumnView): void {
  if (!store.act((board) => board.delete('columns', id))) return;
  const where = cards.length > 0 ? ' Its cards stand in the first column.' : '';
  toast(`“${title}” is deleted.${where}`, {
    label: 'Undo',
    run: () => store.act((board) => board.restore('columns', id)),
  });
}

function archiveAll({ store }: BoardContext, { cards, title }: ColumnView): void {
  let count = 0;
  store.doc.transact(() => {
    for (const card of cards) if (store.act((board) => board.archiveCard(card))) count += 1;
  }, store);
  toast(`${count} ${count === 1 ? 'card' : 'cards'} of “${title}” went into the archive.`, {
    label: 'Undo',
    run: () => {
      for (const card of cards) store.act((board) => board.unarchiveCard(card));
    },
  });
}

function openLimit({ store }: BoardContext, { id, wip }: ColumnView, anchor: HTMLElement): void {
  const field = h('input', {
    type: 'number',
    min: 1,
    max: 10_000,
    placeholder: 'No limit',
    'aria-label': 'Limit',
    class: 'field',
  });
  field.value = wip === null ? '' : String(wip.limit);
  const hard = h('input', { type: 'checkbox' });
  hard.checked = wip?.mode === 'hard';
  const form = h(
    'form',
    { class: 'small-form' },
    h('p', {}, 'How many cards may stand here at a time. More are shown as too many.'),
    field,
    h('label', { class: 'check-line' }, hard, 'The server refuses more'),
    h('button', { type: 'submit', class: 'primary' }, 'Set the limit'),
  );
  const popover = openPopover(anchor, form, { label: 'Limit of cards' });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const limit = field.value.trim() === '' ? null : Number(field.value);
    const mode = hard.checked ? 'hard' : 'soft';
    if (store.act((board) => board.setWip(id, limit === null ? null : { limit, mode }))) popover.close();
  });
  field.focus();
}

function openLook({ store }: BoardContext, { id, category, color }: ColumnView, anchor: HTMLElement): void {
  const kind = h(
    'select',
    { class: 'field', 'aria-label': 'Kind of column' },
    ...CATEGORIES.map((name) => h('option', { value: name }, CATEGORY_NAMES[name])),
  );
  kind.value = category;
  kind.addEventListener('change', () => {
    const chosen = CATEGORIES.find((name) => name === kind.value);
    if (chosen) store.act((board) => board.setCategory(id, chosen));
  });
  const colors = h('div', {});
  const show = (chosen: string | null) =>
    fill(
      colors,
      swatches('Colour of the column', chosen, (next) => {
        store.act((board) => board.recolor('columns', id, next));
        show(next);
      }),
    );
  show(color);
  openPopover(
    anchor,
    h(
      'div',
      { class: 'small-form' },
      labelled('Kind', kind),
      h('p', { class: 'hint' }, 'A card that comes into a column of kind “Completed” is done.'),
      colors,
    ),
    { label: 'Colour and kind' },
  );
}
