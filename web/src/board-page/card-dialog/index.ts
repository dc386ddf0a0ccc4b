/** All of a card, and everything that can be done with it. */
import type { CardView } from '../../board/view';
import { closeButton, openDialog } from '../../ui/dialog';
import { fill, h } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { avatar } from '../avatar';
import { type BoardContext, titleOf } from '../context';
import { longMoment } from '../dates';
import { nameOf } from '../names';
import { columnPart, duePart, estimatePart, priorityPart } from './attributes';
import { checklistPart } from './checklist';
import { descriptionPart } from './description';
import { labelsPart } from './labels';
import { linksPart } from './links';
import type { Part } from './part';
import { parentPart, partsPart } from './parts';
import { peoplePart } from './people';
import { titlePart } from './title';

export interface OpenCard {
  /** The card may have changed. */
  readonly update: () => void;
  readonly close: () => void;
}

export function openCardDialog(context: BoardContext, id: string, onClose: () => void): OpenCard {
  const { store } = context;
  let next: string | null = null;
  const parts: Part[] = [];
  const dialog = openDialog('card-dialog', 'card-heading', () => {
    for (const part of parts) part.destroy?.();
    onClose();
    context.focusCard(id);
    if (next !== null) context.openCard(next);
  });
  /** Another card in place of this one. */
  const follow = (card: string) => {
    next = card;
    dialog.close();
  };
  const title = titlePart(context, id);
  const main = [
    labelsPart(context, id),
    descriptionPart(context, id),
    checklistPart(context, id),
    partsPart(context, id, follow),
    linksPart(context, id, follow),
  ];
  const side = [
    columnPart(context, id),
    peoplePart(context, id),
    priorityPart(context, id),
    duePart(context, id),
    parentPart(context, id, follow),
    estimatePart(context, id),
  ];
  parts.push(title, ...main, ...side);
  const heading = h('h2', { id: 'card-heading', class: 'hidden' });
  const here = h('div', { class: 'here' });
  const state = h('p', { class: 'card-state' });
  const actions = h('div', { class: 'card-actions' });
  dialog.element.dataset.testid = 'card-dialog';
  dialog.element.append(
    h('header', { class: 'card-dialog-head' }, heading, title.element, here, closeButton(dialog)),
    h(
      'div',
      { class: 'card-dialog-body' },
      h('div', { class: 'card-main' }, state, ...main.map(({ element }) => element)),
      h('div', { class: 'card-side' }, ...side.map(({ element }) => element), actions),
    ),
  );
  let drawnActions = '';
  const update = () => {
    const { view } = store;
    const card = view.cards.get(id);
    if (card === undefined) {
      dialog.close(); // it is gone for good
      return;
    }
    heading.textContent = `Card: ${titleOf(card)}`;
    const peers = context.peersAt(id);
    fill(here, ...peers.map(({ id: peer, name, color }) => avatar(peer, name, color)));
    drawState(context, card, state);
    const sign = `${card.state} ${store.isWritable}`;
    if (sign !== drawnActions) fill(actions, ...actionsFor(context, id, card, dialog.close));
    drawnActions = sign;
    for (const part of parts) part.draw(card, view);
  };
  update();
  // A new look at a card begins with its title, but not with the keyboard of a phone.
  dialog.element.querySelector<HTMLElement>('.icon-button')?.focus();
  return { update, close: dialog.close };
}

function drawState({ directory }: BoardContext, card: CardView, element: HTMLElement): void {
  const stamp = card.deleted ?? card.archived;
  element.hidden = stamp === null;
  if (stamp === null) return;
  const by = stamp.by ? ` by ${nameOf(directory(), stamp.by)}` : '';
  const at = stamp.at ? `, ${longMoment(stamp.at)}` : '';
  element.textContent = `This card is in the ${card.deleted ? 'trash' : 'archive'}${at}${by}.`;
}

function actionsFor(context: BoardContext, id: string, card: CardView, close: () => void): HTMLElement[] {
  const { store } = context;
  if (!store.isWritable) return [];
  const button = (
    name: 'archive' | 'trash' | 'restore' | 'move',
    label: string,
    run: () => void,
    danger = false,
  ) =>
    h(
      'button',
      { type: 'button', class: danger ? 'side-button danger' : 'side-button', on: { click: run } },
      icon(name),
      label,
    );
  if (card.state === 'deleted') {
    return [button('restore', 'Take out of the trash', () => store.act((board) => board.restoreCard(id)))];
  }
  const remove = (how: 'archive' | 'delete') => () => {
    close();
    context.removeCard(id, how);
  };
  return [
    card.state === 'archived'
      ? button('restore', 'Take out of the archive', () => store.act((board) => board.unarchiveCard(id)))
      : button('move', 'Move…', () => {
          close();
          context.chooseMove(id);
        }),
    ...(card.state === 'open' ? [button('archive', 'Archive', remove('archive'))] : []),
    button('trash', 'Delete', remove('delete'), true),
  ];
}
