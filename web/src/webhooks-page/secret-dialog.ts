/** The secret of an endpoint, shown once: when it was made. */
import { copyButton } from '../ui/copy';
import { closeButton, openDialog } from '../ui/dialog';
import { h } from '../ui/dom';

export function showSecret(secret: string, words: string, onClose: () => void = () => {}): void {
  const dialog = openDialog('sheet', 'secret-title', onClose);
  const field = h('input', {
    class: 'field secret',
    readonly: true,
    'aria-label': 'Secret',
    'data-testid': 'secret',
    spellcheck: 'false',
    autocomplete: 'off',
  });
  field.value = secret;
  field.addEventListener('focus', () => field.select());
  const copy = copyButton(() => secret);
  const close = h(
    'button',
    { type: 'button', class: 'primary', on: { click: () => dialog.close() } },
    'I have kept it',
  );
  dialog.element.append(
    h(
      'header',
      { class: 'sheet-head' },
      h('h2', { id: 'secret-title' }, 'The secret of the endpoint'),
      closeButton(dialog),
    ),
    h(
      'div',
      { class: 'sheet-body form-fields' },
      h('p', { class: 'hint' }, words),
      h('div', { class: 'secret-line' }, field, copy),
      h('p', { class: 'hint' }, 'Keep it where your receiver finds it. It is not shown here again.'),
    ),
    h('footer', { class: 'sheet-foot' }, close),
  );
  copy.focus();
}
