/** New columns. */
import { h } from '../ui/dom';
import { icon } from '../ui/icons';
import type { BoardStore } from './store';

/** The place behind the last column, where a new one is named. */
export function newColumn(store: BoardStore, track: HTMLElement): HTMLElement {
  const field = h('input', {
    class: 'column-field',
    maxlength: 100,
    placeholder: 'Name of the column',
    'aria-label': 'Name of a new column',
  });
  const button = h('button', { type: 'button', class: 'new-column-button' }, icon('plus'), 'Add a column');
  const form = h(
    'form',
    { class: 'new-column-form' },
    field,
    h('button', { type: 'submit', class: 'primary' }, 'Add'),
  );
  form.hidden = true;
  const show = (open: boolean) => {
    form.hidden = !open;
    button.hidden = open;
    if (open) field.focus();
  };
  button.addEventListener('click', () => show(true));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const title = field.value.trim();
    if (title === '') return;
    const made = store.createEntry('columns', (board, id) => board.createColumn(id, title, 'unstarted'));
    if (made === null) return;
    field.value = '';
    requestAnimationFrame(() => {
      track.scrollLeft = track.scrollWidth;
      field.focus();
    });
  });
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    show(false);
    button.focus();
  });
  form.addEventListener('focusout', (event) => {
    if (!form.contains(event.relatedTarget as Node | null) && field.value.trim() === '') show(false);
  });
  return h('div', { class: 'new-column' }, button, form);
}
