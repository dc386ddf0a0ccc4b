/** The title, typed letter by letter into the shared text: what others type at the same time stays. */
import { growing, h } from '../../ui/dom';
import type { BoardContext } from '../context';
import type { Part } from './part';

export function titlePart({ store }: BoardContext, id: string): Part {
  const field = growing(
    h('textarea', {
      class: 'card-title-field',
      id: 'card-title',
      rows: 1,
      maxlength: 500,
      placeholder: 'Title',
      'aria-label': 'Title of the card',
    }),
  );
  let isComposing = false;
  const write = () => {
    const title = field.value.replace(/[\r\n]+/g, ' ');
    if (title !== field.value) field.value = title;
    store.type(`title ${id}`, (board) => board.renameCard(id, title));
  };
  field.addEventListener('compositionstart', () => {
    isComposing = true;
  });
  field.addEventListener('compositionend', () => {
    isComposing = false;
    write();
  });
  field.addEventListener('input', () => {
    if (!isComposing) write();
  });
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    field.blur();
  });
  return {
    element: field,
    draw({ title }) {
      field.readOnly = !store.isWritable;
      if (isComposing || field.value === title) return;
      const caret = caretAfter(field.value, title, field.selectionStart);
      const isHere = document.activeElement === field;
      field.value = title;
      if (isHere) field.setSelectionRange(caret, caret);
      field.dispatchEvent(new Event('grow'));
      field.style.height = 'auto';
      field.style.height = `${field.scrollHeight}px`;
    },
  };
}

/** Where the cursor stands after somebody else has changed the text around it. */
export function caretAfter(before: string, after: string, caret: number): number {
  let head = 0;
  while (head < caret && head < after.length && before[head] === after[head]) head += 1;
  if (head === caret) return caret;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const behind = before.length - caret;
  return behind <= tail ? after.length - behind : after.length - tail;
}
