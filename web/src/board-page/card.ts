/** A card as it stands in a column. */
import type { Priority } from '../board/schema';
import type { CardView, OptionView } from '../board/view';
import { fill, growing, h, setAttribute } from '../ui/dom';
import { icon } from '../ui/icons';
import { avatar } from './avatar';
import { titleOf } from './context';
import { nearness, shortDay } from './dates';
import type { Member } from './names';
import type { Peer } from './peers';
import { paint } from './tones';

const AVATARS = 3;

export const PRIORITY_NAMES: Readonly<Record<Priority, string>> = {
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  urgent: 'Urgent',
};

/** All that is seen of a card. */
export interface Face {
  readonly card: CardView;
  readonly labels: readonly OptionView[];
  readonly assignees: readonly Member[];
  readonly blockers: number;
  readonly parts: { readonly done: number; readonly all: number };
  readonly peers: readonly Peer[];
  readonly today: string;
}

/** What tells whether a face has to be drawn again, besides the card itself. */
export function signature({ labels, assignees, blockers, parts, peers, today }: Face): string {
  const there = peers.map(({ id, name, color, isMoving }) => [id, name, color, isMoving]);
  return JSON.stringify([labels, assignees, blockers, parts, there, today]);
}

export function labelChip({ name, color }: OptionView): HTMLElement {
  return h('span', { class: 'chip', style: `--tone: ${paint(color)}` }, name || 'Label');
}

export class CardElement {
  /** In the column's list. */
  readonly item: HTMLLIElement;
  /** What has the focus and is dragged. */
  readonly face: HTMLElement;
  #drawn: { card: CardView; signature: string } | null = null;
  #isEditing = false;

  constructor(readonly id: string) {
    this.face = h('div', {
      class: 'bcard',
      role: 'group',
      tabindex: -1,
      'data-card': id,
      'aria-roledescription': 'card',
      'aria-describedby': 'board-keys',
    });
    this.item = h('li', { class: 'bcard-item' }, this.face);
  }

  get isDrawn(): boolean {
    return this.#drawn !== null;
  }

  /** Draws what differs from what is there. */
  draw(face: Face): void {
    const sign = signature(face);
    const { card } = face;
    if (this.#drawn?.card === card && this.#drawn.signature === sign) return;
    if (this.#isEditing) return; // drawn when the editing ends
    this.#drawn = { card, signature: sign };
    setAttribute(this.face, 'aria-label', spoken(face));
    setAttribute(this.face, 'data-done', card.done === null ? null : '');
    setAttribute(this.face, 'data-moved-by', face.peers.find(({ isMoving }) => isMoving)?.name ?? null);
    const [peer] = face.peers;
    setAttribute(this.face, 'style', peer ? `--peer: ${peer.color}` : null);
    setAttribute(this.face, 'data-peers', peer ? String(face.peers.length) : null);
    fill(
      this.face,
      card.color ? h('span', { class: 'bcard-stripe', style: `--tone: ${paint(card.color)}` }) : null,
      face.labels.length > 0 ? h('div', { class: 'chips' }, ...face.labels.map(labelChip)) : null,
      h('button', { type: 'button', class: 'bcard-title', tabindex: -1 }, titleOf(card)),
      h(
        'button',
        {
          type: 'button',
          class: 'icon-button bcard-edit',
          tabindex: -1,
          'data-act': 'rename',
          'aria-label': 'Edit the title',
          title: 'Edit the title (r)',
        },
        icon('pencil'),
      ),
      foot(face),
    );
  }

  /** Puts a field in place of the title; `done` gets what was typed, or null if it was given up. */
  edit(title: string, done: (title: string | null) => void): void {
    const shown = this.face.querySelector('.bcard-title');
    if (shown === null || this.#isEditing) return;
    this.#isEditing = true;
    const field = growing(
      h('textarea', { class: 'bcard-field', rows: 1, maxlength: 500, 'aria-label': 'Title of the card' }),
    );
    field.value = title;
    const end = (typed: string | null) => {
      if (!this.#isEditing) return;
      this.#isEditing = false;
      this.#drawn = null;
      field.replaceWith(shown);
      done(typed);
    };
    field.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key === 'Escape') end(null);
      else if (event.key === 'Enter' && !event.isComposing) end(field.value);
      else return;
      event.preventDefault();
    });
    field.addEventListener('blur', () => end(field.value));
    shown.replaceWith(field);
    field.focus();
    field.select();
  }
}

function foot(face: Face): HTMLElement | null {
  const { card, today, parts, blockers } = face;
  const checked = card.checklist.filter(({ done }) => done).length;
  const marks = [
    card.priority
      ? h(
          'span',
          { class: `mark priority-${card.priority}`, title: `Priority: ${PRIORITY_NAMES[card.priority]}` },
          icon(`prio-${card.priority}`),
        )
      : null,
    card.due
      ? h(
          'span',
          { class: `mark due ${card.done ? 'due-done' : `due-${nearness(card.due, today)}`}`, title: 'Due' },
          icon('calendar'),
          shortDay(card.due, today),
        )
      : null,
    blockers > 0
      ? h(
          'span',
          {
            class: 'mark blocked',
            title: blockers === 1 ? 'Waits for a card' : `Waits for ${blockers} cards`,
          },
          icon('blocked'),
          'Blocked',
        )
      : null,
    card.checklist.length > 0
      ? h(
          'span',
          { class: `mark ${checked === card.checklist.length ? 'complete' : ''}`, title: 'Checklist' },
          icon('list'),
          `${checked}/${card.checklist.length}`,
        )
      : null,
    parts.all > 0
      ? h(
          'span',
          { class: `mark ${parts.done === parts.all ? 'complete' : ''}`, title: 'Sub-tasks' },
          icon('parts'),
          `${parts.done}/${parts.all}`,
        )
      : null,
    card.described ? h('span', { class: 'mark', title: 'Has a description' }, icon('text')) : null,
    card.estimate !== null
      ? h('span', { class: 'mark', title: 'Estimate' }, icon('estimate'), String(card.estimate))
      : null,
  ].filter((mark) => mark !== null);
  const people = face.assignees.slice(0, AVATARS).map(({ id, name }) => avatar(id, name));
  const more = face.assignees.length - people.length;
  if (marks.length + people.length + face.peers.length === 0) return null;
  return h(
    'div',
    { class: 'bcard-foot' },
    ...marks,
    h('span', { class: 'gap' }),
    face.peers.length > 0
      ? h('span', { class: 'looking' }, ...face.peers.slice(0, AVATARS).map(peerDisc))
      : null,
    people.length > 0
      ? h(
          'span',
          { class: 'assigned' },
          ...people,
          more > 0 ? h('span', { class: 'avatar small more' }, `+${more}`) : null,
        )
      : null,
  );
}

function peerDisc({ name, color, isMoving }: Peer): HTMLElement {
  const doing = isMoving ? `${name} moves this` : `${name} looks at this`;
  return h(
    'span',
    { class: 'peer-dot', style: `background-color: ${color}`, title: doing },
    h('span', { class: 'hidden' }, doing),
  );
}

function spoken({ card, labels, assignees, blockers, parts, peers, today }: Face): string {
  const checked = card.checklist.filter(({ done }) => done).length;
  return [
    titleOf(card),
    card.done ? 'done' : null,
    card.priority ? `${PRIORITY_NAMES[card.priority]} priority` : null,
    card.due
      ? `due ${shortDay(card.due, today)}${!card.done && nearness(card.due, today) === 'past' ? ', overdue' : ''}`
      : null,
    blockers > 0 ? 'blocked' : null,
    labels.length > 0 ? `labels ${labels.map(({ name }) => name).join(', ')}` : null,
    assignees.length > 0 ? `assigned to ${assignees.map(({ name }) => name).join(', ')}` : null,
    card.checklist.length > 0 ? `${checked} of ${card.checklist.length} items done` : null,
    parts.all > 0 ? `${parts.done} of ${parts.all} sub-tasks done` : null,
    ...peers.map(({ name, isMoving }) => `${name} ${isMoving ? 'moves' : 'looks at'} this`),
  ]
    .filter((part) => part !== null)
    .join('; ');
}
