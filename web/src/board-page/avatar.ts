/** A person as a small disc. */
import { COLORS } from '../identity';
import { initials } from '../presence';
import { h } from '../ui/dom';

/** The colour of somebody of whom nothing is known but an id: always the same. */
export function colorOf(id: string): string {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return COLORS[hash % COLORS.length] ?? COLORS[0];
}

export function avatar(id: string, name: string, color: string = colorOf(id)): HTMLElement {
  return h(
    'span',
    { class: 'avatar small', title: name, style: `background-color: ${color}`, 'data-person': id },
    h('span', { 'aria-hidden': 'true' }, initials(name) || '?'),
    h('span', { class: 'hidden' }, name),
  );
}
