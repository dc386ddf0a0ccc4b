/** Things to be ticked off. */
import type { ItemView } from '../../board/view';
import { arrangeChildren, growing, h, setText } from '../../ui/dom';
import { icon } from '../../ui/icons';
import type { BoardContext } from '../context';
import { freshId } from '../store';
import { type Part, section } from './part';

export function checklistPart({ store }: BoardContext, id: string): Part {
  const rows = new Map<string, ReturnType<typeof row>>();
  const list = h('ul', { class: 'checklist' });
  const bar = h('progress', { class: 'progress', max: 1, value: 0, 'aria-label': 'Items that are done' });
  const count = h('span', { class: 'progress-count' });
  const field = h('input', {
    class: 'field',
    maxlength: 2_000,
    placeholder: 'Add an item',
    'aria-label': 'New item',
    'data-testid': 'item-field',
  });
  const items = () => store.view.cards.get(id)?.checklist ?? [];
  const add = (texts: readonly string[]) =>
    texts.every((text) => store.act((board) => board.addItem(id, freshId(), text)));
  field.addEventListener('paste', (event) => {
    const lines = (event.clipboardData?.getData('text') ?? '').split(/\r?\n/).map((line) => line.trim());
    if (lines.length < 2 || field.value !== '') return;
    event.preventDefault();
    add(lines.filter(Boolean));
  });
  const form = h(
    'form',
    { class: 'add-line' },
    field,
    h('button', { type: 'submit', class: 'quiet' }, 'Add'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text !== '' && add([text])) field.value = '';
  });

  const move = (item: string, by: -1 | 1) => {
    const order = items();
    const at = order.findIndex((one) => one.id === item);
    const other = order[at + by];
    if (other)
      store.act((board) => board.moveItem(id, item, by < 0 ? { before: other.id } : { after: other.id }));
  };

  function row(item: ItemView) {
    const box = h('input', { type: 'checkbox' });
    box.addEventListener('change', () =>
      store.act((board) => board.changeItem(id, item.id, { done: box.checked })),
    );
    const text = growing(
      h('textarea', { class: 'item-text', rows: 1, maxlength: 2_000, 'aria-label': 'Item' }),
    );
    const write = () => {
      const typed = text.value.replace(/[\r\n]+/g, ' ');
      if (items().some((one) => one.id === item.id && one.text !== typed)) {
        store.type(`item ${item.id}`, (board) => board.changeItem(id, item.id, { text: typed }));
      }
    };
    text.addEventListener('change', write);
    text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.isComposing) text.blur();
      else if (event.altKey && event.key === 'ArrowUp') move(item.id, -1);
      else if (event.altKey && event.key === 'ArrowDown') move(item.id, 1);
      else return;
      event.preventDefault();
    });
    const button = (name: 'up' | 'down' | 'close', label: string, run: () => void) =>
      h(
        'button',
        { type: 'button', class: 'icon-button', 'aria-label': label, title: label, on: { click: run } },
        icon(name),
      );
    const tools = h(
      'div',
      { class: 'item-tools' },
      button('up', 'Move up (Alt+↑)', () => move(item.id, -1)),
      button('down', 'Move down (Alt+↓)', () => move(item.id, 1)),
      button('close', 'Remove the item', () => {
        const order = items();
        const next = order[order.findIndex((one) => one.id === item.id) + 1];
        store.act((board) => board.removeItem(id, item.id));
        (next ? rows.get(next.id)?.box : field)?.focus();
      }),
    );
    const element = h('li', { class: 'item' }, box, text, tools);
    return {
      element,
      box,
      draw(now: ItemView) {
        box.checked = now.done;
        box.ariaLabel = now.text || 'Item';
        element.toggleAttribute('data-done', now.done);
        if (document.activeElement !== text && text.value !== now.text) {
          text.value = now.text;
          text.dispatchEvent(new Event('input'));
        }
        text.readOnly = !store.isWritable;
        box.disabled = !store.isWritable;
        tools.hidden = !store.isWritable;
      },
    };
  }

  return {
    element: section('list', 'Checklist', h('div', { class: 'progress-line' }, bar, count), list, form),
    draw({ checklist }) {
      const done = checklist.filter((item) => item.done).length;
      bar.value = checklist.length === 0 ? 0 : done / checklist.length;
      setText(count, `${done}/${checklist.length}`);
      (bar.parentElement as HTMLElement).hidden = checklist.length === 0;
      const there = new Set(checklist.map((item) => item.id));
      for (const known of [...rows.keys()]) if (!there.has(known)) rows.delete(known);
      const elements = checklist.map((item) => {
        const known = rows.get(item.id) ?? row(item);
        rows.set(item.id, known);
        return known.element;
      });
      arrangeChildren(list, elements);
      for (const item of checklist) rows.get(item.id)?.draw(item);
      form.hidden = !store.isWritable;
    },
  };
}
