/** A modal dialog: the focus stays inside, Escape and a click beside it close it, the focus goes back. */
import { h } from './dom';
import { icon } from './icons';

export interface Dialog {
  readonly element: HTMLDialogElement;
  close(): void;
}

export function openDialog(className: string, labelledBy: string, onClose: () => void = () => {}): Dialog {
  const element = h('dialog', { class: className, 'aria-labelledby': labelledBy });
  const before = document.activeElement;
  const dialog: Dialog = { element, close: () => element.close() };
  element.addEventListener('close', () => {
    // What is being typed in there is told of its end while it can still be heard.
    if (document.activeElement instanceof HTMLElement && element.contains(document.activeElement)) {
      document.activeElement.blur();
    }
    element.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    onClose();
  });
  let pressedBeside = false;
  element.addEventListener('pointerdown', (event) => {
    pressedBeside = event.target === element;
  });
  element.addEventListener('click', (event) => {
    if (event.target === element && pressedBeside) dialog.close();
  });
  document.body.append(element);
  element.showModal();
  return dialog;
}

export function closeButton(dialog: Dialog, label = 'Close'): HTMLButtonElement {
  return h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-label': label,
      title: label,
      on: { click: () => dialog.close() },
    },
    icon('close'),
  );
}
