import { expect, it } from 'vitest';
import { channelsOf, groupPreferences, typeWords, whyNotQuiet } from './words';

const type = (name: string, push?: boolean | null) => ({
  type: name,
  in_app: true,
  email: false,
  is_fixed: false,
  ...(push === undefined ? {} : { push }),
});

it('groups what the server has, and leaves nothing out', () => {
  const groups = groupPreferences(['security', 'brand_new', 'reply', 'mentioned'].map((name) => type(name)));
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

it('offers the channels that the server offers', () => {
  const channels = (push?: boolean | null) => channelsOf([type('a', push)]).map(([channel]) => channel);
  expect([channels(), channels(null), channels(false)]).toEqual([
    ['in_app', 'email'],
    ['in_app', 'email'],
    ['in_app', 'email', 'push'],
  ]);
});

it('takes quiet hours that end, also on the next day', () => {
  expect(whyNotQuiet('22:00', '07:00')).toBeNull();
  expect(whyNotQuiet('22:00', '22:00')).toMatch(/another time/);
  expect(whyNotQuiet('', '07:00')).toMatch(/from when/);
  expect(whyNotQuiet('24:00', '07:00')).toMatch(/from when/);
});
