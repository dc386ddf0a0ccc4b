/** Colours of labels and columns: names that look right by day and by night, or what another client wrote. */

export const TONES = [
  'gray',
  'red',
  'orange',
  'amber',
  'green',
  'teal',
  'blue',
  'indigo',
  'purple',
  'pink',
] as const;

export type Tone = (typeof TONES)[number];

const HEX = /^#[0-9a-f]{6}$/i;

/** What stands in a style for a colour of a board: nothing but a colour. */
export function paint(color: string | null): string {
  if (color !== null && HEX.test(color)) return color;
  const tone = TONES.find((name) => name === color) ?? 'gray';
  return `var(--tone-${tone})`;
}
