/** Who does it. */
import { fill, h } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { openPopover } from '../../ui/popover';
import { toast } from '../../ui/voice';
import { avatar } from '../avatar';
import type { BoardContext } from '../context';
import { folded } from '../filter';
import { idOfName, nameOf } from '../names';
import { type Part, section } from './part';

export function peoplePart(context: BoardContext, id: string): Part {
  const { store, directory, self } = context;
  const list = h('ul', { class: 'people-list' });
  const add = h(
    'button',
    {
      type: 'button',
      class: 'add-button wide',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      'data-testid': 'add-assignee',
      on: { click: () => openPicker(context, id, add) },
    },
    icon('plus'),
    'Assign somebody',
  );
  const myself = h(
    'button',
    {
      type: 'button',
      class: 'add-button wide',
      'data-testid': 'assign-me',
      on: {
        click: () => {
          const me = self();
          if (me !== null) store.act((board) => board.addTo('assignees', id, me));
        },
      },
    },
    icon('person'),
    'Assign me',
  );
  return {
    element: section('person', 'Assignees', list, add, myself),
    draw({ assignees }) {
      const me = self();
      add.hidden = !store.isWritable;
      myself.hidden = !store.isWritable || me === null || assignees.includes(me);
      fill(
        list,
        ...assignees.map((person) => {
          const name = nameOf(directory(), person);
          return h(
            'li',
            {},
            avatar(person, name),
            h('span', { class: 'name', 'aria-hidden': 'true' }, name),
            store.isWritable
              ? h(
                  'button',
                  {
                    type: 'button',
                    class: 'icon-button',
                    'aria-label': `Take ${name} off`,
                    on: { click: () => store.act((board) => board.removeFrom('assignees', id, person)) },
                  },
                  icon('close'),
                )
              : null,
          );
        }),
      );
    },
  };
}

function openPicker({ store, directory }: BoardContext, id: string, anchor: HTMLElement): void {
  const { members, isOpen } = directory();
  const field = h('input', {
    class: 'field',
    maxlength: 32,
    placeholder: isOpen ? 'Name' : 'Find somebody',
    'aria-label': isOpen ? 'Name of somebody' : 'Find somebody',
    'data-testid': 'assignee-field',
  });
  const list = h('div', { class: 'choices' });
  const form = h('form', { class: 'picker' }, field, list);
  const popover = openPopover(anchor, form, { label: 'Assign somebody' });
  const assign = (person: string) => {
    if (store.act((board) => board.addTo('assignees', id, person))) popover.close();
  };
  const fitting = () => {
    const had = store.view.cards.get(id)?.assignees ?? [];
    const wanted = folded(field.value.trim());
    return members.filter((member) => !had.includes(member.id) && folded(member.name).includes(wanted));
  };
  const draw = () => {
    fill(
      list,
      ...fitting().map(({ id: person, name }) =>
        h(
          'button',
          { type: 'button', class: 'choice', on: { click: () => assign(person) } },
          avatar(person, name),
          h('span', { 'aria-hidden': 'true' }, name),
        ),
      ),
    );
    popover.settle();
  };
  field.addEventListener('input', draw);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const [first] = fitting();
    const typed = field.value.trim();
    if (typed === '') return;
    if (!isOpen || (first !== undefined && folded(first.name) === folded(typed))) {
      if (first) assign(first.id);
      return;
    }
    const person = idOfName(typed);
    if (person === null) toast('That name is too long.');
    else assign(person);
  });
  draw();
  field.focus();
}
