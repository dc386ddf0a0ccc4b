/** What was put away: the archive, and the trash with everything that can come back out of it. */
import { live, ordered } from '../board/view';
import { walkWithArrows } from '../rich-toolbar';
import { closeButton, openDialog } from '../ui/dialog';
import { fill, h } from '../ui/dom';
import { icon } from '../ui/icons';
import { type BoardContext, titleOf } from './context';
import { longMoment } from './dates';
import { nameOf } from './names';

const SHOWN = 100;

type Shelf = 'archive' | 'trash';

interface Row {
  readonly title: string;
  readonly about: string;
  readonly restore: () => void;
  readonly open?: () => void;
}

export function openDrawer(context: BoardContext): void {
  const { store } = context;
  let shelf: Shelf = 'archive';
  let shown = SHOWN;
  const stop = context.store.doc;
  const list = h('div', { class: 'sheet-body', role: 'tabpanel', id: 'shelf', tabindex: 0 });
  const tabs = (['archive', 'trash'] as const).map((name) =>
    h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${name}`,
        'aria-controls': 'shelf',
        on: {
          click: () => {
            shelf = name;
            shown = SHOWN;
            draw();
          },
        },
      },
      name === 'archive' ? 'Archive' : 'Trash',
    ),
  );
  const onUpdate = () => requestAnimationFrame(draw);
  const dialog = openDialog('sheet drawer', 'drawer-title', () => stop.off('update', onUpdate));
  const draw = () => {
    if (!dialog.element.isConnected) return;
    for (const [at, tab] of tabs.entries()) {
      const isChosen = (at === 0 ? 'archive' : 'trash') === shelf;
      tab.ariaSelected = String(isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
    }
    list.setAttribute('aria-labelledby', `tab-${shelf}`);
    const rows = shelf === 'archive' ? archived(context) : trashed(context);
    const about = shelf === 'archive' ? 'Nothing has been archived.' : 'The trash is empty.';
    fill(
      list,
      rows.length === 0 ? h('p', { class: 'hint' }, about) : null,
      h(
        'ul',
        { class: 'shelf' },
        ...rows.slice(0, shown).map(({ title, about, restore, open }) =>
          h(
            'li',
            {},
            h(
              'div',
              {},
              open
                ? h('button', { type: 'button', class: 'shelf-title', on: { click: open } }, title)
                : h('span', { class: 'shelf-title' }, title),
              h('small', {}, about),
            ),
            store.isWritable
              ? h(
                  'button',
                  {
                    type: 'button',
                    class: 'tool',
                    'aria-label': `Restore ${title}`,
                    on: { click: restore },
                  },
                  icon('restore'),
                  'Restore',
                )
              : null,
          ),
        ),
      ),
      rows.length > shown
        ? h(
            'button',
            {
              type: 'button',
              class: 'tool',
              on: {
                click: () => {
                  shown += SHOWN;
                  draw();
                },
              },
            },
            `Show more of ${rows.length}`,
          )
        : null,
    );
  };
  const row = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Put away' }, ...tabs);
  dialog.element.append(
    h(
      'header',
      { class: 'sheet-head' },
      h('h2', { id: 'drawer-title' }, 'Put away'),
      row,
      closeButton(dialog),
    ),
    list,
  );
  walkWithArrows(row, tabs);
  store.doc.on('update', onUpdate);
  draw();
}

type When = { readonly at: string | null; readonly by: string | null } | null;

const latest = (one: When, other: When) => ((one?.at ?? '') < (other?.at ?? '') ? 1 : -1);

function said({ directory }: BoardContext, what: string, stamp: When): string {
  const by = stamp?.by ? ` by ${nameOf(directory(), stamp.by)}` : '';
  return `${what}${stamp?.at ? ` ${longMoment(stamp.at)}` : ''}${by}`;
}

function archived(context: BoardContext): Row[] {
  const { store } = context;
  const { archive, cards } = store.view;
  return archive
    .map((id) => ({ id, card: cards.get(id) }))
    .sort((one, other) => latest(one.card?.archived ?? null, other.card?.archived ?? null))
    .map(({ id, card }) => ({
      title: titleOf(card),
      about: said(context, 'Archived', card?.archived ?? null),
      restore: () => store.act((board) => board.unarchiveCard(id)),
    }));
}

function trashed(context: BoardContext): Row[] {
  const { store } = context;
  const { view, raw } = store;
  const cards = view.trash
    .map((id) => ({ id, card: view.cards.get(id) }))
    .map(({ id, card }) => ({
      stamp: card?.deleted ?? null,
      title: titleOf(card),
      what: 'Card, deleted',
      restore: () => store.act((board) => board.restoreCard(id)),
    }));
  const lists = (['columns', 'labels'] as const).flatMap((name) => {
    const alive = new Set(live(raw[name]).map(([id]) => id));
    return ordered(raw[name])
      .filter(([id]) => !alive.has(id))
      .map(([id, entry]) => ({
        stamp: entry.deleted,
        title: entry.name || 'Untitled',
        what: name === 'columns' ? 'Column, deleted' : 'Label, deleted',
        restore: () => store.act((board) => board.restore(name, id)),
      }));
  });
  return [...cards, ...lists]
    .sort((one, other) => latest(one.stamp, other.stamp))
    .map(({ stamp, title, what, restore }) => ({ title, about: said(context, what, stamp), restore }));
}
