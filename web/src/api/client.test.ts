import { expect, test } from 'vitest';
import { createApi } from './client';

test('a call is the request that the description says, with the token of the moment', async () => {
  const seen: Request[] = [];
  let count = 0;
  const api = createApi({
    baseUrl: 'https://weft.test',
    token: () => `token-${++count}`,
    fetch: async (request) => {
      seen.push(request);
      return Response.json({ data: [], meta: { limit: 5, next_cursor: null } });
    },
  });
  const { data } = await api.GET('/v1/documents', { params: { query: { limit: 5 } } });
  expect(data?.data).toEqual([]);
  await api.GET('/v1/documents');
  expect(seen[0]?.url).toBe('https://weft.test/v1/documents?limit=5');
  expect(seen.map((request) => request.headers.get('authorization'))).toEqual([
    'Bearer token-1',
    'Bearer token-2',
  ]);
});

test('what went wrong is a value', async () => {
  const problem = { code: 'NOT_FOUND', message: 'there is nothing at this address' };
  const api = createApi({
    baseUrl: 'https://weft.test',
    fetch: async () =>
      Response.json(problem, { status: 404, headers: { 'content-type': 'application/problem+json' } }),
  });
  const path = { document_id: '0198c0de-0000-7000-8000-000000000001' };
  const { data, error, response } = await api.GET('/v1/documents/{document_id}', { params: { path } });
  expect(data).toBeUndefined();
  expect(error?.code).toBe('NOT_FOUND');
  expect(response.status).toBe(404);
});
