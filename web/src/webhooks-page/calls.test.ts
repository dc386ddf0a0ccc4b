import { expect, it } from 'vitest';
import { createApi } from '../api/client';
import { changeEndpoint, changeTo, createEndpoint, rotateSigningKey, type Wanted } from './calls';

/** A server that notes what it is asked. */
function world() {
  const asked: { readonly path: string; readonly body: unknown }[] = [];
  const api = createApi({
    baseUrl: 'http://weft.example',
    fetch: async (request) => {
      asked.push({ path: new URL(request.url).pathname, body: await request.json() });
      return Response.json({ public_key: 'whpk_new' });
    },
  });
  return { api, asked };
}

const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  url: 'https://example.com/hook',
  description: '',
  event_types: [],
  project_ids: [],
  headers: { set: new Map(), removed: new Set() },
  rate_limit: null,
  signatures: ['v1'],
  ...more,
});

it('a new endpoint has its headers, limit and signatures', async () => {
  const { api, asked } = world();
  const headers = { set: new Map([['x-gate', 'let me in']]), removed: new Set<string>() };
  await createEndpoint(api, 'w', wanted({ headers, rate_limit: 50, signatures: ['v1', 'v1a'] }));
  expect(asked[0]?.body).toMatchObject({
    workspace_id: 'w',
    headers: { 'x-gate': 'let me in' },
    rate_limit: 50,
    signatures: ['v1', 'v1a'],
  });
});

it('a change says nothing of headers that stay, and null of those that go', async () => {
  const { api, asked } = world();
  await changeEndpoint(api, 'e', changeTo(wanted()));
  expect(asked[0]?.body).not.toHaveProperty('headers');
  expect(asked[0]?.body).toHaveProperty('rate_limit', null);
  // A name that means something to objects is one like every other.
  const headers = { set: new Map([['__proto__', 'x']]), removed: new Set(['x-gate']) };
  await changeEndpoint(api, 'e', changeTo(wanted({ headers })));
  expect(JSON.stringify(asked.at(-1)?.body)).toContain('"headers":{"x-gate":null,"__proto__":"x"}');
});

it('another signing key is asked for, and its public half comes back', async () => {
  const { api, asked } = world();
  expect(await rotateSigningKey(api, 'e')).toBe('whpk_new');
  expect(asked).toEqual([{ path: '/v1/webhooks/endpoints/e:rotate-signing-key', body: {} }]);
});
