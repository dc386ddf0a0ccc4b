/** “All of it”, or only what is ticked: a choice that opens a list of boxes. */
import { fill, h } from '../ui/dom';

export interface Option {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
}

export interface Group {
  readonly name: string | null;
  readonly options: readonly Option[];
}

export interface Choice {
  readonly element: HTMLElement;
  /** What is ticked; nothing where all of it is chosen. Null where something should be ticked and nothing is. */
  chosen(): string[] | null;
}

interface Words {
  readonly legend: string;
  readonly all: string;
  readonly some: string;
  readonly find: string;
}

let choices = 0;

export function choice(words: Words, groups: readonly Group[], chosen: readonly string[]): Choice {
  choices += 1;
  const name = `choice-${choices}`;
  const known = groups.flatMap(({ options }) => options.map(({ value }) => value));
  // What is chosen and not known here any more stays chosen: it is not this form's to take away.
  const unknown = chosen.filter((value) => !known.includes(value));
  const ticked = new Set(chosen);
  const all = h('input', { type: 'radio', name, checked: chosen.length === 0 });
  const some = h('input', { type: 'radio', name, checked: chosen.length > 0 });
  const count = h('p', { class: 'hint', role: 'status' });
  const find = h('input', {
    type: 'search',
    class: 'field',
    placeholder: words.find,
    'aria-label': words.find,
  });
  const list = h('div', { class: 'choice-groups', tabindex: -1 });
  const boxes = new Map<string, HTMLInputElement>();
  const rows = groups.map((group) => groupRows(name, group, ticked, boxes, () => recount()));
  fill(list, ...rows.map(({ element }) => element));
  const recount = () => {
    const extra = unknown.length > 0 ? ` (${unknown.length} of them not to be seen here)` : '';
    count.textContent = `${ticked.size} of ${known.length + unknown.length} chosen${extra}`;
    for (const row of rows) row.show();
  };
  find.addEventListener('input', () => {
    const wanted = find.value.trim().toLowerCase();
    for (const row of rows) row.filter(wanted);
  });
  // The form is not sent by searching.
  find.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') event.preventDefault();
  });
  const details = h('div', { class: 'choice-details' }, known.length > 12 ? find : null, list, count);
  const draw = () => {
    details.hidden = !some.checked;
  };
  all.addEventListener('change', draw);
  some.addEventListener('change', draw);
  recount();
  draw();
  return {
    element: h(
      'fieldset',
      { class: 'choice-set' },
      h('legend', {}, words.legend),
      h('label', { class: 'check-line' }, all, words.all),
      h('label', { class: 'check-line' }, some, words.some),
      details,
    ),
    chosen() {
      if (all.checked) return [];
      return ticked.size === 0 ? null : [...ticked];
    },
  };
}

interface GroupRows {
  readonly element: HTMLElement;
  show(): void;
  filter(wanted: string): void;
}

function groupRows(
  name: string,
  { name: title, options }: Group,
  ticked: Set<string>,
  boxes: Map<string, HTMLInputElement>,
  changed: () => void,
): GroupRows {
  const rows = options.map((option) => {
    const box = h('input', { type: 'checkbox', value: option.value, checked: ticked.has(option.value) });
    boxes.set(option.value, box);
    box.addEventListener('change', () => {
      if (box.checked) ticked.add(option.value);
      else ticked.delete(option.value);
      changed();
    });
    const hint = option.hint ? h('small', { id: `${name}-${boxes.size}` }, option.hint) : null;
    box.setAttribute('aria-label', option.label);
    if (hint !== null) box.setAttribute('aria-describedby', hint.id);
    const text = h('span', {}, option.label, hint);
    return { option, box, element: h('label', { class: 'check-line' }, box, text) };
  });
  const whole = h('input', { type: 'checkbox' });
  whole.addEventListener('change', () => {
    for (const { box, option, element } of rows) {
      if (element.hidden) continue;
      box.checked = whole.checked;
      if (whole.checked) ticked.add(option.value);
      else ticked.delete(option.value);
    }
    changed();
  });
  const head = title === null ? null : h('label', { class: 'check-line choice-head' }, whole, title);
  const element = h('div', { class: 'choice-group' }, head, ...rows.map(({ element }) => element));
  return {
    element,
    show() {
      const count = rows.filter(({ box }) => box.checked).length;
      whole.checked = count === rows.length;
      whole.indeterminate = count > 0 && count < rows.length;
    },
    filter(wanted) {
      for (const row of rows) {
        const text = `${row.option.label} ${row.option.hint ?? ''}`.toLowerCase();
        row.element.hidden = !text.includes(wanted);
      }
      element.hidden = rows.every((row) => row.element.hidden);
    },
  };
}
