import { describe, expect, it } from 'vitest';
import { Credentials, problemWords } from './credentials';
import { findPage, type PageKind } from './router';

/** A server that hands out tokens, and a browser of which every tab shares the storage. */
function world() {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const calls: string[] = [];
  let now = 1_000_000;
  let count = 0;
  let good = '';
  let answer: 'well' | 'not' | 'broken' = 'well';
  let queue: Promise<unknown> = Promise.resolve();
  const oneAtATime = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.then(work);
    queue = next.catch(() => {});
    return next;
  };
  const fetch = async (path: string, init: RequestInit): Promise<Response> => {
    calls.push(path);
    if (answer === 'not') throw new TypeError('no network');
    if (answer === 'broken') return Response.json({ message: 'not now' }, { status: 503 });
    const body = JSON.parse(String(init.body ?? '{}'));
    const refused =
      path === '/v1/users/login'
        ? body.password !== 'right'
        : path === '/v1/auth/refresh' && body.refresh_token !== good;
    if (refused) return Response.json({ message: 'refused' }, { status: 401 });
    if (path === '/v1/auth/logout') return new Response(null, { status: 204 });
    count += 1;
    good = `refresh-${count}`;
    const user = { id: 'u1', first_name: 'Ada', last_name: 'L', email: 'ada@example.com' };
    return Response.json({ access_token: `access-${count}`, expires_in: 600, refresh_token: good, user });
  };
  const tab = () => new Credentials({ storage, oneAtATime, now: () => now, fetch });
  return {
    tab,
    calls,
    kept,
    pass: (ms: number) => {
      now += ms;
    },
    answers: (how: typeof answer) => {
      answer = how;
    },
  };
}

describe('a login', () => {
  it('lasts over reloads, and asks for a new token only when the old one ends', async () => {
    const { tab, calls, pass } = world();
    const first = tab();
    expect([first.user, await first.token()]).toEqual([null, undefined]);
    expect(await first.logIn('ada@example.com', 'wrong')).toMatchObject({ status: 401 });
    expect(await first.logIn('ada@example.com', 'right')).toBeNull();
    expect([await first.token(), await first.token(), first.user?.id]).toEqual([
      'access-1',
      'access-1',
      'u1',
    ]);
    const reloaded = tab();
    expect(reloaded.user?.first_name).toBe('Ada');
    expect(await Promise.all([reloaded.token(), reloaded.token()])).toEqual(['access-2', 'access-2']);
    pass(590_000);
    expect(await reloaded.token()).toBe('access-3');
    expect(calls.filter((path) => path === '/v1/auth/refresh')).toHaveLength(2);
    reloaded.distrust();
    expect(await reloaded.token()).toBe('access-4');
  });

  it('is refreshed by one tab after the other, each with the newest token', async () => {
    const { tab, pass } = world();
    const tabs = [tab(), tab(), tab()];
    await tabs[0]?.logIn('ada@example.com', 'right');
    pass(700_000);
    const tokens = await Promise.all(tabs.map((one) => one.token()));
    expect(new Set(tokens).size).toBe(3);
    expect(tokens.every(Boolean)).toBe(true);
  });

  it('ends when the server refuses, and not when it cannot answer', async () => {
    const { tab, kept, pass, answers } = world();
    const one = tab();
    await one.logIn('ada@example.com', 'right');
    pass(700_000);
    for (const how of ['not', 'broken'] as const) {
      answers(how);
      await expect(one.token()).rejects.toThrow();
      expect(one.user?.id).toBe('u1');
    }
    answers('well');
    kept.set('weft.session', JSON.stringify({ refresh_token: 'stolen and used', user: { id: 'u1' } }));
    let told = 0;
    one.onChange = () => {
      told += 1;
    };
    expect(await one.token()).toBeUndefined();
    expect([one.user, told, kept.size]).toEqual([null, 1, 0]);
  });

  it('ends in every tab', async () => {
    const { tab, calls } = world();
    const [one, other] = [tab(), tab()];
    await one.logIn('ada@example.com', 'right');
    await other.token();
    await one.logOut();
    other.changedElsewhere('weft.session');
    expect([one.user, other.user, await other.token()]).toEqual([null, null, undefined]);
    expect(calls).toContain('/v1/auth/logout');
  });

  it('survives what others have put into the storage', () => {
    const { tab, kept } = world();
    for (const text of ['', '{', 'null', '{"refresh_token":1}', '{"refresh_token":"x","user":null}']) {
      kept.set('weft.session', text);
      expect(tab().user).toBeNull();
    }
  });
});

describe('addresses', () => {
  const open = async () => ({ title: '', element: null as unknown as HTMLElement, close() {} });
  const kinds: PageKind[] = [
    { path: /^\/boards$/, open },
    { path: /^\/boards\/([^/]+)$/, open },
  ];

  it('lead to pages with their parameters', () => {
    expect(findPage(kinds, '/boards/')?.kind).toBe(kinds[0]);
    expect(findPage(kinds, '/boards/a%20b')?.parameters).toEqual(['a b']);
    expect(findPage(kinds, '/boards/100%')?.parameters).toEqual(['100%']);
    expect([findPage(kinds, '/'), findPage(kinds, '/boards/a/b')]).toEqual([null, null]);
  });
});

it('says what a problem says', () => {
  expect(problemWords({ message: 'no', details: [{ message: 'too long' }, { message: 'too odd' }] })).toBe(
    'too long too odd',
  );
  expect(problemWords({ message: 'no', details: [] })).toBe('no');
  expect(problemWords(null)).toBe('The server did not say why.');
});
