/** The headers of an endpoint in its form: those that it has get another value or go, and new ones come. */
import { PageError } from '../app/shell';
import { h, labelled } from '../ui/dom';
import { icon } from '../ui/icons';
import { announce } from '../ui/voice';
import {
  type HeaderChanges,
  type HeaderLine,
  headerChanges,
  MOST_HEADERS,
  tidyLine,
  whyNotHeader,
} from './headers';

export interface HeadersPart {
  readonly element: HTMLElement;
  /** What is to be changed; throws what is wrong, and at which field. */
  read(): HeaderChanges;
}

interface Row {
  readonly element: HTMLElement;
  /** Where whoever added it begins. */
  readonly first: HTMLInputElement;
  /** How the form calls its fields. */
  readonly member: string;
  line(): HeaderLine;
}

export function headersPart(now: readonly string[]): HeadersPart {
  const rows: Row[] = [];
  let count = 0;
  const list = h('div', { class: 'header-rows' });
  const add = h('button', { type: 'button', class: 'tool framed' }, icon('plus'), 'Add a header');
  const draw = () => {
    add.disabled = rows.length >= MOST_HEADERS;
  };
  const append = (kept: string | null): Row => {
    count += 1;
    // As a part of the member of the request, so that what the server says of headers is shown at them.
    const member = `headers.${count}`;
    const row: Row = headerRow(member, kept, () => remove(row));
    rows.push(row);
    list.append(row.element);
    draw();
    return row;
  };
  const remove = (row: Row) => {
    rows.splice(rows.indexOf(row), 1);
    row.element.remove();
    draw();
    add.focus();
    announce('The header is taken away');
  };
  for (const name of now) append(name);
  add.addEventListener('click', () => append(null).first.focus());
  draw();
  return {
    element: h(
      'fieldset',
      { class: 'choice-set' },
      h('legend', {}, 'Headers of your own'),
      h(
        'p',
        { class: 'hint' },
        `Sent with every message, such as what a gateway before your receiver wants to see; at most ${MOST_HEADERS}. Their values are never shown again.`,
      ),
      list,
      h('div', { class: 'row' }, add),
    ),
    read() {
      const lines = rows.map((row) => tidyLine(row.line()));
      for (const [at, line] of lines.entries()) {
        const wrong = whyNotHeader(
          line,
          lines.filter((other) => other !== line),
        );
        if (wrong === null) continue;
        const why = new PageError(wrong[1]);
        why.fields = [`${rows[at]?.member}.${wrong[0]}`];
        throw why;
      }
      return headerChanges(now, lines);
    },
  };
}

function headerRow(member: string, kept: string | null, onRemove: () => void): Row {
  const value = field(`${member}.value`, 4096);
  value.placeholder = kept === null ? '' : 'Stays as it is';
  const remove = (label: string) =>
    h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': label,
        title: label,
        on: { click: onRemove },
      },
      icon('trash'),
    );
  if (kept !== null) {
    return {
      element: h(
        'div',
        { class: 'header-row kept', 'data-header': kept },
        labelled(`Another value of ${kept}`, value),
        remove(`Take ${kept} away`),
      ),
      first: value,
      member,
      line: () => ({ name: kept, value: value.value, isKept: true }),
    };
  }
  const name = field(`${member}.name`, 200);
  name.placeholder = 'x-gate';
  return {
    element: h(
      'div',
      { class: 'header-row', role: 'group', 'aria-label': 'New header' },
      labelled('Name of the header', name),
      labelled('Value', value),
      remove('Take this header away'),
    ),
    first: name,
    member,
    line: () => ({ name: name.value, value: value.value, isKept: false }),
  };
}

function field(name: string, maxlength: number): HTMLInputElement {
  return h('input', {
    class: 'field',
    name,
    maxlength,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
  });
}
