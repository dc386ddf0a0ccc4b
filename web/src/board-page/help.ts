/** Which keys do what. */

import { closeButton, openDialog } from '../ui/dialog';
import { h } from '../ui/dom';
import { keysAreOn, switchKeys } from './settings';

const GROUPS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    'Go',
    [
      ['↑ ↓ or j k', 'to the next card'],
      ['← →', 'to the next column'],
      ['Home End', 'to the first, the last card'],
      ['/', 'to the filter'],
    ],
  ],
  [
    'Move',
    [
      ['Space or Enter', 'lift a card; arrows move it, Space drops it, Esc puts it back'],
      ['m', 'choose where it goes'],
    ],
  ],
  [
    'Change',
    [
      ['c, Shift+C', 'new card at the end, at the top'],
      ['e', 'open a card'],
      ['r', 'edit its title'],
      ['i', 'put myself on it, or take me off'],
      ['a', 'into the archive'],
      ['Delete', 'into the trash'],
      ['Ctrl+Z, Ctrl+Shift+Z', 'undo, redo'],
    ],
  ],
];

export function openHelp(): void {
  const dialog = openDialog('sheet help', 'help-title');
  const toggle = h('input', {
    type: 'checkbox',
    id: 'keys-toggle',
    on: { change: () => switchKeys(toggle.checked) },
  });
  toggle.checked = keysAreOn();
  dialog.element.append(
    h('header', { class: 'sheet-head' }, h('h2', { id: 'help-title' }, 'Keys'), closeButton(dialog)),
    h(
      'div',
      { class: 'sheet-body' },
      ...GROUPS.map(([title, keys]) =>
        h(
          'section',
          {},
          h('h3', {}, title),
          h(
            'dl',
            { class: 'keys' },
            ...keys.flatMap(([key, what]) => [h('dt', {}, ...keyCaps(key)), h('dd', {}, what)]),
          ),
        ),
      ),
      h('label', { class: 'check-line' }, toggle, 'Single letters do something'),
    ),
  );
}

function keyCaps(keys: string): (Node | string)[] {
  return keys
    .split(/( or |, | )/)
    .map((part) => (part.trim() === '' || part === ' or ' || part === ', ' ? part : h('kbd', {}, part)));
}
