/**
 * Who is logged in, in this browser.
 *
 * The access token stays in memory and is good for minutes; the refresh token is kept, so that a reload does not log
 * anybody out. Each refresh token counts once, so the tabs of a browser take turns. A cookie would be sent by itself,
 * also with what another site has somebody do; here nothing is.
 */
import type { Schemas } from '../api/client';

const KEY = 'weft.session';
const LOCK = 'weft.refresh';
/** A token that ends sooner than this is not shown to the server any more. */
const SPARE_MS = 30_000;

export type User = Pick<Schemas['User'], 'id' | 'first_name' | 'last_name' | 'email'>;

interface Kept {
  readonly refresh_token: string;
  readonly user: User;
}

/** What the server said about a failed request; status 0 if it said nothing, as when there is no network. */
export interface Failure {
  readonly status: number;
  readonly message: string;
}

export interface CredentialsOptions {
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** Runs one at a time what runs in any tab. */
  readonly oneAtATime: <T>(work: () => Promise<T>) => Promise<T>;
  readonly now: () => number;
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
}

export function browserOptions(): CredentialsOptions {
  return {
    storage: localStorage,
    oneAtATime: (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work()),
    now: () => Date.now(),
    fetch: (path, init) => fetch(path, init),
  };
}

export class Credentials {
  readonly #options: CredentialsOptions;
  #access: { readonly token: string; readonly until: number } | null = null;
  #refreshing: Promise<string | undefined> | null = null;
  /** Called when somebody has logged in or out, here or in another tab. */
  onChange: () => void = () => {};

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  get user(): User | null {
    return this.#kept()?.user ?? null;
  }

  /** A token for a request; nothing if nobody is logged in. Throws if the server cannot be asked. */
  async token(): Promise<string | undefined> {
    if (this.#access !== null && this.#access.until > this.#options.now()) return this.#access.token;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** The server did not take the token that it was shown, whatever its time: the next request gets another one. */
  distrust(): void {
    this.#access = null;
  }

  /** Null if it went well. */
  async logIn(email: string, password: string): Promise<Failure | null> {
    const answer = await post(this.#options, '/v1/users/login', { email, password });
    if (!answer.ok) return answer.failure;
    this.#take(answer.body as Schemas['Tokens']);
    this.onChange();
    return null;
  }

  async logOut(): Promise<void> {
    const token = await this.token().catch(() => undefined);
    this.#forget();
    // If this does not arrive, the session ends when its time is over.
    if (token) await post(this.#options, '/v1/auth/logout', undefined, token).catch(() => null);
  }

  /** Another tab has changed what is kept. */
  changedElsewhere(key: string | null): void {
    if (key !== KEY && key !== null) return;
    this.#access = null;
    this.onChange();
  }

  async #refresh(): Promise<string | undefined> {
    return this.#options.oneAtATime(async () => {
      const kept = this.#kept();
      if (kept === null) return undefined;
      const { refresh_token } = kept;
      const answer = await post(this.#options, '/v1/auth/refresh', { refresh_token });
      if (answer.ok) return this.#take(answer.body as Schemas['Tokens']);
      // Only a refusal ends a login; a server that cannot answer now may take the same token later.
      const { status, message } = answer.failure;
      if (status === 0 || status === 429 || status >= 500) throw new Error(message);
      this.#forget();
      return undefined;
    });
  }

  #take({ access_token, expires_in, refresh_token, user }: Schemas['Tokens']): string {
    this.#access = { token: access_token, until: this.#options.now() + expires_in * 1_000 - SPARE_MS };
    const { id, first_name, last_name, email } = user;
    const kept: Kept = { refresh_token, user: { id, first_name, last_name, email: email ?? null } };
    this.#options.storage.setItem(KEY, JSON.stringify(kept));
    return access_token;
  }

  #forget(): void {
    this.#access = null;
    this.#options.storage.removeItem(KEY);
    this.onChange();
  }

  #kept(): Kept | null {
    try {
      const kept = JSON.parse(this.#options.storage.getItem(KEY) ?? 'null') as Kept | null;
      return typeof kept?.refresh_token === 'string' && typeof kept.user?.id === 'string' ? kept : null;
    } catch {
      return null;
    }
  }
}

type Answer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly failure: Failure };

/** One request without the token of an account, or with one of them. */
export async function post(
  { fetch }: Pick<CredentialsOptions, 'fetch'>,
  path: string,
  body?: unknown,
  token?: string,
): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    return { ok: false, failure: { status: 0, message: 'The server does not answer.' } };
  }
  const said = await response.json().catch(() => null);
  if (response.ok) return { ok: true, body: said };
  return { ok: false, failure: { status: response.status, message: problemWords(said) } };
}

/** What a problem says to people: its details, if it has any. */
export function problemWords(problem: unknown): string {
  const { details, message } = (problem ?? {}) as Partial<Schemas['Problem']>;
  const words = (details ?? []).map((detail) => detail.message).filter(Boolean);
  return words.length > 0 ? words.join(' ') : (message ?? 'The server did not say why.');
}
