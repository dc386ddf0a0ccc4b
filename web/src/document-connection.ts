/**
 * A document's connection through the Hocuspocus protocol, and what the server has said about it. Whatever shows parts
 * of the document shares it: one socket, one client id, one state of saving.
 */
import { HocuspocusProvider, WebSocketStatus } from '@hocuspocus/provider';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { Person } from './identity';
import { announce, tameColors } from './presence';
import { explain, explainToAccount, passes } from './refusals';
import type { Link } from './save-state';

/** How long to wait before asking for a document again that was refused for a reason that passes. */
const ASK_AGAIN_MS = 5_000;

/** How the provider begins its own reason when the token could not be had. */
const NO_TOKEN = 'Failed to get token';

export interface ConnectionOptions {
  readonly url: string;
  readonly name: string;
  /** One token for all times, or a fresh one for each time the server asks. */
  readonly token: string | (() => Promise<string>);
  /** Who is here, to begin with. */
  readonly me: Person;
}

export class DocumentConnection {
  readonly doc = new Y.Doc();
  readonly provider: HocuspocusProvider;
  readonly awareness: Awareness;
  /** A sentence for the person who writes, while the server refuses something. */
  notice: string | null = null;

  /** Whether a fresh token may open what the last one did not. */
  readonly #tokensAreFresh: boolean;
  readonly #listeners = new Set<() => void>();
  /** Whether a connection has come to its end, or the document was here once. */
  #tried = false;
  #wasSynced = false;
  #isWritable = true;
  #me: Person;
  /** Whether an edit was made here that is not known to be on the server's disk. */
  #unsaved = false;
  /** Edits that wait in the provider's queue for a socket. */
  #queued = 0;

  constructor({ url, name, token, me }: ConnectionOptions) {
    this.#me = me;
    this.#tokensAreFresh = typeof token === 'function';
    this.provider = new HocuspocusProvider({ url, name, token, document: this.doc });
    const { awareness } = this.provider;
    if (!awareness) throw new Error('a Hocuspocus provider makes its own awareness');
    this.awareness = awareness;
    tameColors(this.awareness);
    this.#listen();
    this.introduce(me);
  }

  /** Whether the document is here, and was at some time if not now. */
  get wasSynced(): boolean {
    return this.#wasSynced;
  }

  get isSynced(): boolean {
    return this.provider.isSynced;
  }

  /** Whether the server takes edits from this page. */
  get isWritable(): boolean {
    return this.#isWritable;
  }

  get me(): Person {
    return this.#me;
  }

  link(): Link {
    const connected = this.provider.isSynced;
    return {
      reach: connected ? 'connected' : this.#tried ? 'lost' : 'connecting',
      unsaved: connected ? this.provider.hasUnsyncedChanges : this.#unsaved,
    };
  }

  /** Tells the others who is here. */
  introduce(me: Person): void {
    this.#me = me;
    announce(this.awareness, me);
  }

  /** Calls `listener` whenever something of this may have changed, until the answer is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  destroy(): void {
    this.#listeners.clear();
    this.provider.destroy();
    this.doc.destroy();
  }

  #listen(): void {
    const { provider } = this;
    this.doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin === provider) return;
      this.#unsaved = true;
      if (!this.#socketIsOpen()) this.#queued += 1;
    });
    provider.on('status', ({ status }: { status: WebSocketStatus }) => {
      if (status === WebSocketStatus.Connected) this.#countQueuedEdits();
      this.#changed();
    });
    provider.on('synced', () => {
      this.#tried = true;
      this.#wasSynced = true;
      this.#isWritable = provider.authorizedScope !== 'readonly';
      this.notice = this.#isWritable ? null : 'You may read this document, but not change it.';
      this.introduce(this.#me);
      this.#changed();
    });
    provider.on('unsyncedChanges', () => this.#changed());
    provider.on('authenticated', ({ scope }: { scope: string }) => {
      this.#isWritable = scope !== 'readonly';
      this.#changed();
    });
    provider.on('authenticationFailed', ({ reason }: { reason: string }) =>
      this.#refused(reason.startsWith(NO_TOKEN) ? 'token-unavailable' : reason || 'unauthorized'),
    );
    provider.on('close', ({ event }: { event: { code: number; reason: string } }) => {
      // From 4400 to 4499 the server means it; the provider by itself would try for ever.
      if (event.code >= 4400 && event.code < 4500) provider.disconnect();
      this.#refused(event.reason);
    });
  }

  /**
   * On each connect the provider expects one acknowledgement, for all that the server lacks. The edits in its
   * queue are sent as well and acknowledged one by one, so without counting them the first answer would look like
   * the last one.
   */
  #countQueuedEdits(): void {
    for (; this.#queued > 0; this.#queued -= 1) this.provider.incrementUnsyncedChanges();
  }

  /** A whole socket that ended comes back by itself; one document that was refused on it has to be asked for. */
  #refused(reason: string): void {
    // What is here is a document that was left behind. Where nothing of it is still to be saved, nobody needs to know.
    if (reason === 'document-renewed' && !this.link().unsaved) {
      location.reload();
      return;
    }
    this.#tried = true;
    this.provider.synced = false; // also where it was let in before: until it is again, nothing is taken
    this.notice = (this.#tokensAreFresh ? explainToAccount : explain)(reason) ?? this.notice;
    const mayPass = passes(reason) || (this.#tokensAreFresh && reason === 'unauthorized');
    if (reason !== '' && mayPass) setTimeout(() => this.#askAgain(), ASK_AGAIN_MS);
    this.#changed();
  }

  async #askAgain(): Promise<void> {
    if (this.provider.isSynced || !this.#socketIsOpen()) return;
    await this.provider.sendToken();
    this.provider.startSync();
  }

  #socketIsOpen(): boolean {
    return this.provider.configuration.websocketProvider.webSocket?.readyState === WebSocket.OPEN;
  }

  #changed(): void {
    if (this.provider.isSynced && !this.provider.hasUnsyncedChanges) this.#unsaved = false;
    for (const listener of this.#listeners) listener();
  }
}
