/** Who is here: one chip per person, whichever editor they are in and however many connections they have. */
import type { Awareness } from 'y-protocols/awareness';
import { COLORS, type Person, tidyName } from './identity';

const SHOWN = 5;

const COLOR = /^#[0-9a-f]{6}$/i;

/** Colours end up in style attributes, where anything but a colour could do more than colour. */
function tameColor(color: unknown): string {
  return typeof color === 'string' && COLOR.test(color) ? color : COLORS[0];
}

/** Sees to it that the editors, which draw the others' cursors by themselves, find nothing but colours to draw in. */
export function tameColors(awareness: Awareness): void {
  awareness.on('change', () => {
    for (const { user } of awareness.getStates().values()) {
      if (typeof user !== 'object' || user === null) continue;
      user.color = tameColor(user.color);
      user.colorLight = `${user.color}33`;
    }
  });
}

/** A person as another client describes them. Everything in it was written by somebody else: trust none of it. */
export function readPerson(state: unknown, clientId: number): Person | null {
  const user = (state as { user?: Record<string, unknown> } | null)?.user;
  if (typeof user !== 'object' || user === null) return null;
  const { id, name, color } = user;
  return {
    id: typeof id === 'string' ? id : String(clientId),
    name: (typeof name === 'string' && tidyName(name)) || 'Somebody',
    color: tameColor(color),
  };
}

/** Everybody on these connections, each person once, `me` first. */
export function peopleHere(me: Person, rooms: readonly ReadonlyMap<number, unknown>[]): Person[] {
  const people = new Map([[me.id, me]]);
  for (const states of rooms) {
    for (const [clientId, state] of states) {
      const person = readPerson(state, clientId);
      if (person && !people.has(person.id)) people.set(person.id, person);
    }
  }
  return [...people.values()];
}

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.split(' ').filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  );
  return letters.join('').toUpperCase();
}

function chip(person: Person, note: string): HTMLLIElement {
  const item = document.createElement('li');
  item.className = 'avatar';
  item.style.backgroundColor = person.color;
  item.title = person.name + note;
  item.dataset.peer = person.name;
  const letters = document.createElement('span');
  letters.ariaHidden = 'true';
  letters.textContent = initials(person.name);
  const spoken = document.createElement('span');
  spoken.className = 'hidden';
  spoken.textContent = person.name + note;
  item.append(letters, spoken);
  return item;
}

/** Shows `people` in `list`, the first with a note behind the name: it is this page's own person. `data-peers` carries their number. */
export function showPeople(list: HTMLElement, people: readonly Person[], note = ' (you)'): void {
  const chips = people.slice(0, SHOWN).map((person, place) => chip(person, place === 0 ? note : ''));
  if (people.length > SHOWN) {
    const rest = document.createElement('li');
    rest.className = 'avatar more';
    rest.textContent = `+${people.length - SHOWN}`;
    rest.title = people
      .slice(SHOWN)
      .map((person) => person.name)
      .join(', ');
    chips.push(rest);
  }
  list.replaceChildren(...chips);
  list.dataset.peers = String(people.length);
}

/** Tells the others who we are. Also brings us back at once where a reconnect made them forget us. */
export function announce(awareness: Awareness, me: Person): void {
  awareness.setLocalStateField('user', { ...me, colorLight: `${me.color}33` });
}
