/** What keys do in the inbox. Single letters count only where nobody types. */

export type Act = 'next' | 'previous' | 'archive' | 'read' | 'snooze' | 'first' | 'last';

const ACTS: Readonly<Record<string, Act>> = {
  j: 'next',
  ArrowDown: 'next',
  k: 'previous',
  ArrowUp: 'previous',
  e: 'archive',
  u: 'read',
  s: 'snooze',
  Home: 'first',
  End: 'last',
};

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

export function actOf(event: Pressed, lettersAreOn: boolean): Act | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return null;
  const act = Object.hasOwn(ACTS, event.key) ? ACTS[event.key] : undefined;
  if (act === undefined || (event.key.length === 1 && !lettersAreOn)) return null;
  return act;
}

/** Whether the key is meant for a field, a dialog or a menu. */
export function isElsewhere(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open], .popover') !== null) return true;
  return target instanceof Element && target.closest('input, select, textarea, [contenteditable]') !== null;
}

/** Where one goes from a row; rows are counted from 0, and −1 is none. */
export function placeAfter(act: Act, at: number, count: number): number {
  switch (act) {
    case 'next':
      return Math.min(count - 1, at + 1);
    case 'previous':
      return Math.max(0, at - 1);
    case 'first':
      return 0;
    case 'last':
      return count - 1;
    default:
      return at;
  }
}
