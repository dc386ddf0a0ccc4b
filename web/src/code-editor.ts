/**
 * The plain text editor: CodeMirror on the text `codemirror`, through the y-websocket protocol.
 */
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { javascriptLanguage, typescriptLanguage } from '@codemirror/lang-javascript';
import { markdown, markdownLanguage } from '@codemirror/lang-markdown';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { encodeName } from './document-address';
import type { EditorOptions, EditorSession } from './editor-session';
import type { Person } from './identity';
import { announce, tameColors } from './presence';
import { explain } from './refusals';
import { EditCounter, type Link } from './save-state';

export const PLAIN_TEXT_FIELD = 'codemirror';

/** "Is everything before this on disk?", the one message that Weft adds to the y-websocket protocol's own. */
const MESSAGE_DURABLE = 102;

export interface CodeEditorSession extends EditorSession {
  readonly view: EditorView;
}

export function openCodeEditor(options: EditorOptions): CodeEditorSession {
  const connection = new PlainTextConnection(options);
  const { awareness } = connection.provider;
  connection.introduce(options.me);
  const text = connection.doc.getText(PLAIN_TEXT_FIELD);
  const view = new EditorView({
    parent: options.mount,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        lineNumbers(),
        drawSelection(),
        bracketMatching(),
        indentOnInput(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          'aria-label': 'Plain text of this document. Press Escape, then Tab, to leave the editor.',
        }),
        placeholder('Plain text, Markdown or code.'),
        markdown({ base: markdownLanguage, codeLanguages: languageOf }),
        syntaxHighlighting(COLORS),
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap, indentWithTab]),
        yCollab(text, awareness, { undoManager: new Y.UndoManager(text) }),
      ],
    }),
  });
  return {
    view,
    awareness,
    link: () => connection.link(),
    notice: () => connection.notice,
    introduce: (me) => connection.introduce(me),
    focus: () => view.focus(),
  };
}

/** The language of a fenced block in Markdown. */
function languageOf(info: string) {
  if (/^(js|jsx|javascript)$/.test(info)) return javascriptLanguage;
  return /^(ts|tsx|typescript|json)$/.test(info) ? typescriptLanguage : null;
}

const COLORS = HighlightStyle.define([
  { tag: tags.heading, fontWeight: '650', color: 'var(--code-heading)' },
  { tag: tags.strong, fontWeight: '650' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: [tags.link, tags.url], color: 'var(--accent)', textDecoration: 'underline' },
  { tag: [tags.keyword, tags.operatorKeyword, tags.tagName], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.monospace, tags.regexp], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--code-number)' },
  { tag: [tags.definition(tags.variableName), tags.function(tags.variableName)], color: 'var(--code-name)' },
  { tag: [tags.comment, tags.meta, tags.processingInstruction, tags.quote], color: 'var(--muted)' },
]);

/** The document's connection, and what the server has said about it. */
class PlainTextConnection {
  readonly doc = new Y.Doc();
  readonly provider: WebsocketProvider;
  notice: string | null = null;

  readonly #options: EditorOptions;
  readonly #edits = new EditCounter();
  #tried = false;
  #me: Person;

  constructor(options: EditorOptions) {
    this.#options = options;
    this.#me = options.me;
    const { sync, name, token } = options.address;
    this.provider = new WebsocketProvider(sync, encodeName(name), this.doc, {
      params: { token },
      disableBc: true, // every edit goes through the server, also between two tabs of one browser
    });
    tameColors(this.provider.awareness);
    this.#listen();
  }

  link(): Link {
    const connected = this.provider.synced;
    return {
      reach: connected ? 'connected' : this.#tried ? 'lost' : 'connecting',
      unsaved: this.#edits.unsaved,
    };
  }

  introduce(me: Person): void {
    this.#me = me;
    announce(this.provider.awareness, me);
  }

  #listen(): void {
    const { provider } = this;
    // Registered after the provider's own listener, so that a question follows the edit it asks about.
    this.doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin === provider) return;
      this.#edits.edited();
      this.#ask();
    });
    provider.messageHandlers[MESSAGE_DURABLE] = (_reply: encoding.Encoder, message: decoding.Decoder) => {
      this.#edits.answered(decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(message))));
      this.#ask();
    };
    provider.on('sync', (synced: boolean) => {
      if (synced) {
        this.#tried = true;
        this.notice = null;
        this.introduce(this.#me);
      }
      this.#ask();
    });
    provider.on('connection-close', (event: CloseEvent | null) => {
      this.#tried = true;
      this.#edits.disconnected();
      this.notice = explain(event?.reason ?? '') ?? this.notice;
      this.#changed();
    });
    provider.on('closed', ({ reason }: { reason: string }) => {
      this.notice = explain(reason || 'forbidden');
      this.#changed();
    });
  }

  /** Asks once the server has had everything from us, which it has when its own part has arrived. */
  #ask(): void {
    const number = this.provider.synced ? this.#edits.question() : null;
    if (number !== null) {
      const frame = encoding.encode((frame) => {
        encoding.writeVarUint(frame, MESSAGE_DURABLE);
        encoding.writeVarUint8Array(
          frame,
          encoding.encode((body) => encoding.writeVarUint(body, number)),
        );
      });
      this.provider.ws?.send(frame);
    }
    this.#changed();
  }

  #changed(): void {
    this.#options.mount.dataset.synced = String(this.provider.synced);
    this.#options.onChange();
  }
}
