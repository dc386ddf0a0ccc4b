/**
 * What opens at a button: menus and small forms. One is open at a time; a click beside it or Escape closes it, and the
 * focus goes back to where it came from.
 */
import { h } from './dom';
import { type IconName, icon } from './icons';

const GAP = 6;
const EDGE = 8;

export interface Popover {
  readonly element: HTMLElement;
  close(): void;
  /** Puts it at its place again, after it changed its size. */
  settle(): void;
}

let open: Popover | null = null;

/** Opens `content` at `anchor`. A modal dialog makes what is outside of it inert, so it opens in there. */
export function openPopover(
  anchor: HTMLElement,
  content: HTMLElement,
  { role = 'dialog', label, onClose }: { role?: 'dialog' | 'menu'; label: string; onClose?: () => void },
): Popover {
  open?.close();
  const element = h(
    'div',
    { class: 'popover', role, 'aria-label': label, popover: 'auto', tabindex: -1 },
    content,
  );
  const parent = anchor.closest('dialog') ?? document.body;
  parent.append(element);
  anchor.setAttribute('aria-expanded', 'true');
  const settle = () => {
    const [at, own] = [anchor.getBoundingClientRect(), element.getBoundingClientRect()];
    const below = at.bottom + GAP;
    const top = below + own.height > innerHeight - EDGE ? Math.max(EDGE, at.top - GAP - own.height) : below;
    const fits = at.left + own.width <= innerWidth - EDGE;
    const left = fits ? at.left : Math.max(EDGE, at.right - own.width);
    element.style.top = `${top}px`;
    element.style.left = `${left}px`;
  };
  const popover: Popover = {
    element,
    settle,
    close() {
      if (open !== popover) return;
      open = null;
      const hadFocus = element.contains(document.activeElement);
      anchor.setAttribute('aria-expanded', 'false');
      element.remove();
      if (hadFocus && anchor.isConnected) anchor.focus({ preventScroll: true });
      onClose?.();
    },
  };
  open = popover;
  element.addEventListener('toggle', (event) => {
    if ((event as ToggleEvent).newState === 'closed') popover.close();
  });
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault(); // the dialog around it stays open
    event.stopPropagation();
    popover.close();
  });
  element.showPopover();
  settle();
  element.querySelector<HTMLElement>('[autofocus], input, button, [tabindex="0"]')?.focus();
  return popover;
}

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly checked?: boolean;
  readonly disabled?: boolean;
  readonly danger?: boolean;
  readonly run: () => void;
}

/** A menu of actions; `null` draws a line. */
export function openMenu(anchor: HTMLElement, label: string, items: readonly (MenuItem | null)[]): Popover {
  const buttons: HTMLButtonElement[] = [];
  const content = h('div', { class: 'menu' });
  for (const item of items) {
    if (item === null) {
      content.append(h('div', { class: 'menu-line', role: 'separator' }));
      continue;
    }
    const choice = item.checked !== undefined;
    const button = h(
      'button',
      {
        type: 'button',
        role: choice ? 'menuitemradio' : 'menuitem',
        'aria-checked': choice ? String(item.checked) : null,
        'aria-disabled': item.disabled ? 'true' : null,
        class: item.danger ? 'danger' : null,
        tabindex: -1,
        on: {
          click: () => {
            if (item.disabled) return;
            popover.close();
            item.run();
          },
        },
      },
      item.icon ? icon(item.icon) : null,
      h('span', {}, item.label),
      choice && item.checked ? icon('check') : null,
    );
    buttons.push(button);
    content.append(button);
  }
  content.addEventListener('keydown', (event) => {
    const here = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab') popover.close();
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    buttons.at(next % buttons.length)?.focus();
  });
  const popover = openPopover(anchor, content, { role: 'menu', label });
  (buttons.find((button) => button.ariaChecked === 'true') ?? buttons[0])?.focus();
  return popover;
}
