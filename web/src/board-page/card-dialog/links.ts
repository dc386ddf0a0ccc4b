/** What a card waits for, what waits for it, and what else it has to do with. */
import type { LinkKind } from '../../board/schema';
import type { BoardView, LinkView } from '../../board/view';
import { fill, h } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { type BoardContext, titleOf } from '../context';
import { openCardPicker } from './card-picker';
import { type Part, section } from './part';

/** Each kind has two ends, but for the one that has none. */
const RELATIONS: readonly { readonly name: string; readonly kind: LinkKind; readonly isFrom: boolean }[] = [
  { name: 'Blocked by', kind: 'blocks', isFrom: false },
  { name: 'Blocks', kind: 'blocks', isFrom: true },
  { name: 'Relates to', kind: 'relates', isFrom: true },
  { name: 'Duplicates', kind: 'duplicates', isFrom: true },
  { name: 'Duplicated by', kind: 'duplicates', isFrom: false },
  { name: 'Comes before', kind: 'precedes', isFrom: true },
  { name: 'Comes after', kind: 'precedes', isFrom: false },
];

export function linksPart(context: BoardContext, id: string, open: (card: string) => void): Part {
  const { store } = context;
  const list = h('div', { class: 'links' });
  const kind = h(
    'select',
    { class: 'field', 'aria-label': 'How they have to do with each other', 'data-testid': 'link-kind' },
    ...RELATIONS.map(({ name }, at) => h('option', { value: at }, name)),
  );
  const add = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      'data-testid': 'add-link',
      on: {
        click: () => {
          const relation = RELATIONS[Number(kind.value)] ?? RELATIONS[0];
          if (relation === undefined) return;
          openCardPicker(context, add, {
            label: `${relation.name}: find a card`,
            without: new Set([id]),
            onPick: (other) => {
              const [from, to] = relation.isFrom ? [id, other] : [other, id];
              store.act((board) => board.link(from, relation.kind, to));
            },
          });
        },
      },
    },
    'Choose a card',
  );
  const line = h('div', { class: 'add-line' }, kind, add);
  return {
    element: section('link', 'Dependencies', list, line),
    draw(_card, view) {
      line.hidden = !store.isWritable;
      fill(
        list,
        ...RELATIONS.map(({ name, kind, isFrom }) => {
          const links = view.links.filter((link) => link.kind === kind && belongs(link, id, isFrom));
          if (links.length === 0) return null;
          return h(
            'div',
            { class: 'link-group' },
            h('h4', {}, name),
            h('ul', {}, ...links.map((link) => row(link, view))),
          );
        }),
      );
    },
  };

  function row(link: LinkView, view: BoardView): HTMLElement {
    const other = link.from === id ? link.to : link.from;
    const card = view.cards.get(other);
    return h(
      'li',
      { class: 'link', 'data-done': card?.done ? '' : null },
      card?.done ? icon('check') : icon(link.kind === 'blocks' ? 'blocked' : 'link'),
      h('button', { type: 'button', class: 'link-title', on: { click: () => open(other) } }, titleOf(card)),
      link.cyclic
        ? h(
            'span',
            {
              class: 'mark cyclic',
              title: 'It closes a circle with other dependencies, so it does not count.',
            },
            'Circular',
          )
        : null,
      store.isWritable
        ? h(
            'button',
            {
              type: 'button',
              class: 'icon-button',
              'aria-label': `Remove the link to ${titleOf(card)}`,
              on: { click: () => store.act((board) => board.unlink(link.from, link.kind, link.to)) },
            },
            icon('close'),
          )
        : null,
    );
  }
}

function belongs(link: LinkView, id: string, isFrom: boolean): boolean {
  if (link.kind === 'relates') return isFrom && (link.from === id || link.to === id);
  return (isFrom ? link.from : link.to) === id;
}
