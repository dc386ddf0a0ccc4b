/** Where a card goes, chosen from lists: for keys, for fingers, and for long ways. */

import { closeButton, openDialog } from '../ui/dialog';
import { h, labelled } from '../ui/dom';
import { announce } from '../ui/voice';
import { type BoardContext, titleOf } from './context';

export function openMoveDialog(context: BoardContext, id: string): void {
  const { store } = context;
  const card = store.view.cards.get(id);
  if (card === undefined || !store.isWritable) return;
  const dialog = openDialog('sheet narrow', 'move-title', () => context.focusCard(id));
  const columns = store.view.columns;
  const column = h(
    'select',
    { class: 'field', id: 'move-column' },
    ...columns.map((one) => h('option', { value: one.id }, one.title || 'Untitled')),
  );
  column.value = card.column ?? columns[0]?.id ?? '';
  const place = h('select', { class: 'field', id: 'move-place' });
  const others = () =>
    (store.view.columns.find((one) => one.id === column.value)?.cards ?? []).filter((other) => other !== id);
  const fillPlaces = () => {
    const list = others();
    place.replaceChildren(
      h('option', { value: 'first' }, 'At the top'),
      ...list
        .slice(0, -1)
        .map((other, at) =>
          h('option', { value: other }, `${at + 2} · below “${titleOf(store.view.cards.get(other))}”`),
        ),
      ...(list.length > 0 ? [h('option', { value: 'last' }, 'At the end')] : []),
    );
  };
  fillPlaces();
  column.addEventListener('change', fillPlaces);
  const form = h(
    'form',
    { class: 'sheet-body small-form' },
    labelled('Column', column),
    labelled('Place', place),
    h('button', { type: 'submit', class: 'primary' }, 'Move the card'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { value } = place;
    const at = value === 'first' || value === 'last' ? value : { after: value };
    const isDone = store.act((board) => board.moveCards([id], column.value, at));
    dialog.close();
    if (isDone) announce(`Moved ${titleOf(card)} to ${column.selectedOptions[0]?.text}.`);
  });
  dialog.element.append(
    h(
      'header',
      { class: 'sheet-head' },
      h('h2', { id: 'move-title' }, `Move “${titleOf(card)}”`),
      closeButton(dialog),
    ),
    form,
  );
  column.focus();
}
