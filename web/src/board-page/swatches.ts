/** A choice of colours. */
import { h } from '../ui/dom';
import { paint, TONES } from './tones';

export function swatches(
  label: string,
  chosen: string | null,
  onChoose: (color: string | null) => void,
): HTMLElement {
  const one = (color: string | null, name: string) =>
    h('button', {
      type: 'button',
      class: color === null ? 'swatch none' : 'swatch',
      style: color === null ? null : `--tone: ${paint(color)}`,
      'aria-label': name,
      title: name,
      'aria-pressed': String(color === chosen),
      on: { click: () => onChoose(color) },
    });
  return h(
    'div',
    { class: 'swatches', role: 'group', 'aria-label': label },
    one(null, 'No colour'),
    ...TONES.map((tone) => one(tone, tone.charAt(0).toUpperCase() + tone.slice(1))),
  );
}
