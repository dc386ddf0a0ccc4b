/**
 * The rich text editor: Tiptap on the XML fragment `prosemirror`, through the Hocuspocus protocol.
 */
import { HocuspocusProvider, WebSocketStatus } from '@hocuspocus/provider';
import { Editor } from '@tiptap/core';
import { Collaboration } from '@tiptap/extension-collaboration';
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret';
import { Placeholder } from '@tiptap/extensions';
import { StarterKit } from '@tiptap/starter-kit';
import * as Y from 'yjs';
import type { EditorOptions, EditorSession } from './editor-session';
import type { Person } from './identity';
import { announce, tameColors } from './presence';
import { explain, passes } from './refusals';
import type { Link } from './save-state';

export const RICH_TEXT_FIELD = 'prosemirror';

/** How long to wait before asking for a document again that was refused for a reason that passes. */
const ASK_AGAIN_MS = 5_000;

export interface RichEditorSession extends EditorSession {
  readonly editor: Editor;
}

export function openRichEditor(options: EditorOptions): RichEditorSession {
  const connection = new RichTextConnection(options);
  const { awareness } = connection;
  const editor = new Editor({
    element: options.mount,
    editorProps: {
      attributes: { 'aria-label': 'Rich text of this document', 'aria-multiline': 'true', role: 'textbox' },
    },
    extensions: [
      // Undo is the collaborative one, which takes back only one's own edits. The trailing paragraph stays out:
      // every client would add its own to the shared document.
      StarterKit.configure({ undoRedo: false, trailingNode: false, link: { openOnClick: false } }),
      Placeholder.configure({ placeholder: 'Write something. Everybody with the link sees it as you type.' }),
      Collaboration.configure({ document: connection.doc, field: RICH_TEXT_FIELD }),
      CollaborationCaret.configure({
        provider: connection.provider,
        selectionRender: (user) => ({ class: 'peer-selection', style: `background-color: ${user.color}33` }),
      }),
    ],
  });
  connection.introduce(options.me);
  connection.onWritable = (writable) => editor.setEditable(writable);
  return {
    editor,
    awareness,
    link: () => connection.link(),
    notice: () => connection.notice,
    introduce: (me) => connection.introduce(me),
    focus: () => editor.commands.focus(),
  };
}

/** The document's connection, and what the server has said about it. */
class RichTextConnection {
  readonly doc = new Y.Doc();
  readonly provider: HocuspocusProvider;
  readonly awareness;
  notice: string | null = null;
  onWritable: (writable: boolean) => void = () => {};

  readonly #options: EditorOptions;
  /** Whether a connection has come to its end, or the document was here once. */
  #tried = false;
  #me: Person;
  /** Whether an edit was made here that is not known to be on the server's disk. */
  #unsaved = false;
  /** Edits that wait in the provider's queue for a socket. */
  #queued = 0;

  constructor(options: EditorOptions) {
    this.#options = options;
    this.#me = options.me;
    const { collab: url, name, token } = options.address;
    this.provider = new HocuspocusProvider({ url, name, token, document: this.doc });
    const { awareness } = this.provider;
    if (!awareness) throw new Error('a Hocuspocus provider makes its own awareness');
    this.awareness = awareness;
    tameColors(this.awareness);
    this.#listen();
  }

  link(): Link {
    const connected = this.provider.isSynced;
    return {
      reach: connected ? 'connected' : this.#tried ? 'lost' : 'connecting',
      unsaved: connected ? this.provider.hasUnsyncedChanges : this.#unsaved,
    };
  }

  introduce(me: Person): void {
    this.#me = me;
    announce(this.awareness, me);
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
      this.notice =
        provider.authorizedScope === 'readonly' ? 'You may read this document, but not change it.' : null;
      this.introduce(this.#me);
      this.#changed();
    });
    provider.on('unsyncedChanges', () => this.#changed());
    provider.on('authenticated', ({ scope }: { scope: string }) => this.onWritable(scope !== 'readonly'));
    provider.on('authenticationFailed', ({ reason }: { reason: string }) =>
      this.#refused(reason || 'unauthorized'),
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
    this.#tried = true;
    this.provider.synced = false; // also where it was let in before: until it is again, nothing is taken
    this.notice = explain(reason) ?? this.notice;
    if (reason !== '' && passes(reason)) setTimeout(() => this.#askAgain(), ASK_AGAIN_MS);
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
    this.#options.mount.dataset.synced = String(this.provider.isSynced);
    this.#options.onChange();
  }
}
