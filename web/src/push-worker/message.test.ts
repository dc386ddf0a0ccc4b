import { expect, it } from 'vitest';
import { ownAddress, shownOf } from './message';

const ORIGIN = 'https://weft.test';

it('shows what it is told, as text', () => {
  const said = {
    id: 'n1',
    type: 'mentioned',
    title: ' Ada mentioned you ',
    body: '<b>',
    count: 2,
    url: '/tasks/t1?a#b',
  };
  expect(shownOf(JSON.stringify(said), ORIGIN)).toEqual({
    title: 'Ada mentioned you',
    body: '<b>',
    tag: 'n1',
    url: `${ORIGIN}/tasks/t1?a#b`,
  });
});

it('shows something, whatever comes', () => {
  const something = { title: 'Something new in Weft', body: '', tag: 'weft', url: `${ORIGIN}/inbox` };
  for (const text of [null, '', 'plain', 'null', '[]', '7', '{"title":7,"id":{},"url":[]}']) {
    expect(shownOf(text, ORIGIN), String(text)).toEqual(something);
  }
});

it('leads to this origin and nowhere else', () => {
  for (const path of [
    '//evil.test/',
    '/\\evil.test',
    '\\\\evil.test',
    'https://evil.test/',
    'javascript:alert(1)',
    '/\t/evil.test',
    '',
  ]) {
    expect(ownAddress(path, ORIGIN), path).toBe(`${ORIGIN}/inbox`);
  }
  // Opened as a whole address, two slashes in its path lead nowhere else.
  expect(ownAddress('/.//evil.test', ORIGIN)).toBe(`${ORIGIN}//evil.test`);
});
