/** Column, priority, days and estimate. */
import { PRIORITIES } from '../../board/schema';
import { h } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { PRIORITY_NAMES } from '../card';
import type { BoardContext } from '../context';
import { dayOf } from '../dates';
import { type Part, section } from './part';

/** Where the card stands; another choice moves it to the end there. */
export function columnPart({ store }: BoardContext, id: string): Part {
  const select = h('select', { class: 'field', 'aria-label': 'Column', 'data-testid': 'card-column' });
  let drawn = '';
  select.addEventListener('change', () => {
    if (!store.act((board) => board.moveCards([id], select.value, 'last'))) drawn = '';
  });
  return {
    element: section('board', 'Column', select),
    draw({ column, state }, { columns }) {
      const names = columns.map((one) => [one.id, one.title || 'Untitled'] as const);
      const sign = JSON.stringify(names);
      if (sign !== drawn)
        select.replaceChildren(...names.map(([value, name]) => h('option', { value }, name)));
      drawn = sign;
      select.value = column ?? '';
      select.disabled = !store.isWritable || state !== 'open';
    },
  };
}

export function priorityPart({ store }: BoardContext, id: string): Part {
  const select = h(
    'select',
    { class: 'field', 'aria-label': 'Priority', 'data-testid': 'card-priority' },
    h('option', { value: '' }, 'None'),
    ...[...PRIORITIES].reverse().map((value) => h('option', { value }, PRIORITY_NAMES[value])),
  );
  select.addEventListener('change', () => {
    const prio = PRIORITIES.find((name) => name === select.value) ?? null;
    store.act((board) => board.setAttributes(id, { prio }));
  });
  return {
    element: section('flag', 'Priority', select),
    draw({ priority }) {
      select.value = priority ?? '';
      select.disabled = !store.isWritable;
    },
  };
}

export function duePart({ store }: BoardContext, id: string): Part {
  const start = dayField('Start', (day) => store.act((board) => board.setAttributes(id, { start: day })));
  const due = dayField('Due', (day) => store.act((board) => board.setAttributes(id, { due: day })));
  due.field.dataset.testid = 'card-due';
  const done = h('input', { type: 'checkbox', 'data-testid': 'card-done' });
  done.addEventListener('change', () =>
    store.act((board) => board.setAttributes(id, { done: done.checked })),
  );
  return {
    element: section(
      'calendar',
      'Dates',
      start.element,
      due.element,
      h('label', { class: 'check-line' }, done, 'Done'),
    ),
    draw(card) {
      const { isWritable } = store;
      due.draw(card.due, isWritable);
      start.draw(card.start, isWritable);
      done.checked = card.done !== null;
      done.disabled = !isWritable;
    },
  };
}

function dayField(name: string, onChange: (day: string | null) => void) {
  const field = h('input', { type: 'date', class: 'field', 'aria-label': `${name} date` });
  // A half-typed day is no day yet: it counts when it is whole, and when it was cleared.
  field.addEventListener('change', () => {
    if (field.value !== '' || !field.validity.badInput) onChange(field.value || null);
  });
  const clear = h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-label': `No ${name.toLowerCase()} date`,
      on: { click: () => onChange(null) },
    },
    icon('close'),
  );
  return {
    field,
    element: h(
      'div',
      { class: 'day' },
      h('span', { class: 'day-name', 'aria-hidden': 'true' }, name),
      field,
      clear,
    ),
    draw(moment: string | null, isWritable: boolean) {
      const day = moment === null ? '' : dayOf(moment);
      if (document.activeElement !== field || day !== '') field.value = day;
      field.disabled = !isWritable;
      clear.hidden = moment === null || !isWritable;
    },
  };
}

export function estimatePart({ store }: BoardContext, id: string): Part {
  const field = h('input', {
    type: 'number',
    min: 0,
    max: 1_000_000,
    step: 'any',
    class: 'field',
    placeholder: 'None',
    'aria-label': 'Estimate',
  });
  field.addEventListener('change', () => {
    if (field.validity.badInput) return;
    const est = field.value.trim() === '' ? null : Number(field.value);
    store.act((board) => board.setAttributes(id, { est }));
  });
  return {
    element: section('estimate', 'Estimate', field),
    draw({ estimate }) {
      if (document.activeElement !== field) field.value = estimate === null ? '' : String(estimate);
      field.disabled = !store.isWritable;
    },
  };
}
