/** Forms and questions in a dialog: what the server refuses is said in it, and it stays open. */

import { closeButton, type Dialog, openDialog } from '../ui/dialog';
import { h } from '../ui/dom';
import { sentence } from '../ui/words';

import { wordsOf } from './lists';
import { PageError } from './shell';

let dialogs = 0;

export interface FormDialog {
  readonly title: string;
  readonly action: string;
  readonly fields: readonly (Node | null)[];
  /** Whether what it does cannot be undone. */
  readonly isDangerous?: boolean;
  readonly isNarrow?: boolean;
  /** The dialog closes when this has gone well. */
  readonly submit: () => Promise<void>;
  /** What follows when it has gone well and the dialog is closed, such as the next dialog. */
  readonly afterwards?: () => void;
}

export function openFormDialog(options: FormDialog): Dialog {
  dialogs += 1;
  const id = `form-dialog-${dialogs}`;
  let isDone = false;
  const dialog = openDialog(options.isNarrow ? 'sheet narrow' : 'sheet', id, () => {
    if (isDone) options.afterwards?.();
  });
  const said = h('p', { class: 'said wrong', role: 'alert' });
  const action = h(
    'button',
    { type: 'submit', class: options.isDangerous ? 'primary dangerous' : 'primary' },
    options.action,
  );
  const cancel = h(
    'button',
    { type: 'button', class: 'quiet', on: { click: () => dialog.close() } },
    'Cancel',
  );
  const form = h(
    'form',
    { class: 'sheet-form' },
    h('div', { class: 'sheet-body' }, ...options.fields),
    // In sight, however far the fields are scrolled.
    h('footer', { class: 'sheet-foot' }, said, cancel, action),
  );
  /** Shows at which fields the server found something, and goes to the first of them. */
  const mark = (names: readonly string[]) => {
    const fields = [...form.querySelectorAll<HTMLInputElement>('[name]')];
    // What is wrong with a member is wrong with its parts, which are called `member.part`.
    const isNamed = (field: HTMLInputElement) =>
      names.some((name) => field.name === name || field.name.startsWith(`${name}.`));
    for (const field of fields) {
      if (isNamed(field)) field.setAttribute('aria-invalid', 'true');
      else field.removeAttribute('aria-invalid');
    }
    fields.find(isNamed)?.focus();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    action.disabled = true;
    said.textContent = '';
    mark([]);
    try {
      await options.submit();
      isDone = true;
      dialog.close();
    } catch (error) {
      said.textContent = sentence(wordsOf(error));
      mark(error instanceof PageError ? error.fields : []);
    } finally {
      action.disabled = false;
    }
  });
  dialog.element.append(
    h('header', { class: 'sheet-head' }, h('h2', { id }, options.title), closeButton(dialog)),
    form,
  );
  const first = form.querySelector<HTMLElement>('.sheet-body :is(input, select, textarea)');
  (first ?? cancel).focus();
  return dialog;
}
