import { expect, it } from 'vitest';
import type { Channel } from '../api/notifications';
import { channelsOf, groupPreferences, isFixed, typeWords, whyNotQuiet } from './words';

const type = (name: string) => ({ type: name, in_app: true, email: false, push: false, is_fixed: false });

it('groups what the server has, and leaves nothing out', () => {
  const groups = groupPreferences(['security', 'brand_new', 'reply', 'mentioned'].map(type));
  expect(groups.map(({ name, types }) => [name, types.map((one) => one.type)])).toEqual([
    ['Conversations', ['mentioned', 'reply']],
    ['Account and workspace', ['security']],
    ['Others', ['brand_new']],
  ]);
});

it('has a word for each type', () => {
  expect(typeWords('mentioned').label).toBe('Mentions');
  expect(typeWords('brand_new')).toEqual({ label: 'Brand new', hint: '' });
  expect(typeWords('toString').label).toBe('ToString');
});

it('offers the ways that the server has', () => {
  const offered = (channels: Channel[]) => channelsOf({ channels }).map(([, label]) => label);
  expect(offered(['in_app'])).toEqual(['In Weft']);
  expect(offered(['push', 'in_app', 'email'])).toEqual(['In Weft', 'By mail', 'On devices']);
});

it('leaves no choice about what must come into the inbox', () => {
  const fixed = (['in_app', 'email', 'push'] as const).map((channel) => isFixed({ is_fixed: true }, channel));
  expect(fixed).toEqual([true, false, false]);
  expect(isFixed({ is_fixed: false }, 'in_app')).toBe(false);
});

it('takes quiet hours that end, also on the next day', () => {
  expect(whyNotQuiet('22:00', '07:00')).toBeNull();
  expect(whyNotQuiet('22:00', '22:00')).toMatch(/another time/);
  expect(whyNotQuiet('', '07:00')).toMatch(/from when/);
  expect(whyNotQuiet('24:00', '07:00')).toMatch(/from when/);
});
