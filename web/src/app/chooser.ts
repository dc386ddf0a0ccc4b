/** A choice among things with names, such as workspaces; nothing where there is nothing to choose. */
import { h, labelled } from '../ui/dom';

interface Named {
  readonly id: string;
  readonly name: string;
}

export function chooser(
  label: string,
  things: readonly Named[],
  chosen: string,
  onChoose: (id: string) => void,
): HTMLElement | null {
  if (things.length < 2) return null;
  const select = h(
    'select',
    { class: 'field' },
    ...things.map(({ id, name }) => h('option', { value: id, selected: id === chosen }, name)),
  );
  select.addEventListener('change', () => onChoose(select.value));
  const element = labelled(label, select);
  element.classList.add('chooser');
  return element;
}
