/** Lists of the API, all of their pages. */
import type { Schemas } from '../api/client';
import { problemWords } from './credentials';
import { PageError } from './shell';

/** More is not shown at once; whoever has more looks for what they want. */
const MOST = 1_000;

interface Page<T> {
  readonly data: readonly T[];
  readonly meta: Schemas['ListMeta'];
}

type Answer<T> = { readonly data?: T | undefined; readonly error?: unknown; readonly response: Response };

/** The body of a good answer; otherwise what was wrong is thrown, in words for people. */
export async function good<T>(call: Promise<Answer<T>>, missing = 'That is not here.'): Promise<T> {
  const { data, error, response } = await call;
  if (data !== undefined) return data;
  throw refusal(response, error, missing);
}

/** What went wrong, for people. */
export function wordsOf(error: unknown): string {
  return error instanceof PageError ? error.message : 'The server does not answer.';
}

/** A part of a list, and the cursor of the next one if there is one. */
export async function part<T>(
  page: Promise<Answer<Page<T>>>,
  missing?: string,
): Promise<{ rows: readonly T[]; next: string | undefined }> {
  const { data, meta } = await good(page, missing);
  return { rows: data, next: ('next_cursor' in meta ? meta.next_cursor : null) ?? undefined };
}

/** Waits for an answer that has no body. */
export async function done(call: Promise<Answer<unknown>>, missing?: string): Promise<void> {
  const { error, response } = await call;
  if (!response.ok) throw refusal(response, error, missing);
}

function refusal(response: Response, error: unknown, missing: string | undefined): PageError {
  const why = new PageError(response.status === 404 && missing ? missing : problemWords(error));
  const { details } = (error ?? {}) as Partial<Schemas['Problem']>;
  why.status = response.status;
  why.fields = (details ?? []).map(({ field }) => field);
  return why;
}

export async function all<T>(
  page: (cursor: string | undefined) => Promise<Answer<Page<T>>>,
  missing?: string,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const { data, meta } = await good(page(cursor), missing);
    found.push(...data);
    cursor = ('next_cursor' in meta ? meta.next_cursor : null) ?? undefined;
  } while (cursor !== undefined && found.length < MOST);
  return found;
}
