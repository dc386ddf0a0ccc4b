/** What the page says: aloud to screen readers, and in a small box that goes away. */
import { fill, h } from './dom';

const SHOWN_MS = 7_000;

const polite = h('p', { class: 'hidden', role: 'status' });
const urgent = h('p', { class: 'hidden', role: 'alert' });
const box = h('div', { class: 'toasts', popover: 'manual' });

function ready(): void {
  if (!polite.isConnected) document.body.append(polite, urgent, box);
}

/** A modal dialog silences what is outside of it: what is said while one is open is said in there. */
function stage(): HTMLElement {
  return document.querySelector<HTMLElement>('dialog[open]:modal') ?? document.body;
}

/** Reads `text` out at once: for what somebody who moves a card by keys must hear. */
export function announce(text: string): void {
  ready();
  if (urgent.parentElement !== stage()) stage().append(urgent);
  urgent.textContent = text;
}

let hiding: ReturnType<typeof setTimeout> | undefined;

export interface ToastAction {
  readonly label: string;
  readonly run: () => void;
}

/** Shows a sentence for a while, with something to do about it. */
export function toast(text: string, action?: ToastAction): void {
  ready();
  if (polite.parentElement !== stage()) stage().append(polite);
  if (box.parentElement !== stage()) stage().append(box);
  polite.textContent = text;
  const hide = () => {
    clearTimeout(hiding);
    if (box.matches(':popover-open')) box.hidePopover();
    fill(box);
  };
  fill(
    box,
    h('span', { class: 'toast-text' }, text),
    action
      ? h(
          'button',
          {
            type: 'button',
            on: {
              click: () => {
                hide();
                action.run();
              },
            },
          },
          action.label,
        )
      : null,
  );
  if (box.matches(':popover-open')) box.hidePopover();
  box.showPopover(); // again, so that it lies above what has opened since
  clearTimeout(hiding);
  hiding = setTimeout(hide, SHOWN_MS);
}
