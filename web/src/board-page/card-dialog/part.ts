/** A part of a card's dialog: made once, drawn again whenever the card may have changed. */
import type { BoardView, CardView } from '../../board/view';
import { type Child, h } from '../../ui/dom';
import { type IconName, icon } from '../../ui/icons';

export interface Part {
  readonly element: HTMLElement;
  draw(card: CardView, view: BoardView): void;
  destroy?(): void;
}

let count = 0;

/** A part with a heading, which names it. */
export function section(name: IconName, title: string, ...children: Child[]): HTMLElement {
  count += 1;
  const id = `part-${count}`;
  return h(
    'section',
    { class: 'part', 'aria-labelledby': id },
    h('h3', { id, class: 'part-head' }, icon(name), h('span', {}, title)),
    ...children,
  );
}
