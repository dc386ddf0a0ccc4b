/**
 * The page: puts the document's address, the people, the save mark and the two editors together.
 *
 * For browser tests, stable from one version to the next:
 * - `data-testid`: `save-state`, `share-address`, `copy-address`, `peers`, `name-input`, `notice`, `tab-rich`,
 *   `tab-code`, `tab-board`, `rich-editor`, `code-editor`, `board`. The editable elements are
 *   `[data-testid=rich-editor] [contenteditable]` and `[data-testid=code-editor] .cm-content`.
 * - `data-ready` on `board` is `true` once there is a board to be seen. Columns have `data-column`, cards `data-card`
 *   with their ids, the open card is `card-dialog`.
 * - `data-save-state` on `save-state` is `saved`, `saving` or `offline` at once; the words beside it follow a
 *   little later, so that they do not flicker with each key.
 * - `data-peers` on `peers` is the number of people here, this page's included; each chip has `data-peer="<name>"`.
 * - `data-synced` on the two editors is `true` once the document has arrived (the code editor connects when its tab
 *   is first opened).
 * - `window.weft` is the `Weft` below.
 */
import type { Editor } from '@tiptap/core';
import type { Board } from './board-page/board';
import type { CodeEditorSession } from './code-editor';
import { openDocument } from './document-address';
import { DocumentConnection } from './document-connection';
import type { EditorOptions, EditorSession } from './editor-session';
import { colorAmong, loadIdentity, type Person, rename } from './identity';
import { peopleHere, showPeople } from './presence';
import { openRichEditor } from './rich-editor';
import { fillToolbar, walkWithArrows } from './rich-toolbar';
import { SaveMark } from './save-mark';
import type { SaveState } from './save-state';

/** The handle for browser tests and for the curious. */
interface Weft {
  readonly name: string;
  status(): SaveState;
  /** The number of people here, this page's included. */
  peers(): number;
  readonly editor: Editor;
  /** `null` until the tab was opened. */
  readonly code: CodeEditorSession | null;
  /** `null` until the tab was opened. */
  readonly board: Board | null;
}

declare global {
  interface Window {
    weft: Weft;
  }
}

const TABS = ['rich', 'code', 'board'] as const;
type Tab = (typeof TABS)[number];

const SPOKEN: Readonly<Record<Tab, string>> = {
  rich: 'Tiptap, speaking the Hocuspocus protocol',
  code: 'CodeMirror, speaking the y-websocket protocol',
  board: 'A task board in the same document, speaking the Hocuspocus protocol',
};

function element<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as E;
}

const address = openDocument(location, history);
let me = loadIdentity();
const sessions: EditorSession[] = [];
let code: Promise<CodeEditorSession> | null = null;
let openedCode: CodeEditorSession | null = null;
let board: Promise<Board> | null = null;
let openedBoard: Board | null = null;

function optionsFor(mount: HTMLElement): EditorOptions {
  return { address, me, mount, onChange: showConnection };
}

function join<S extends EditorSession>(session: S): S {
  sessions.push(session);
  session.awareness.on('change', showPresence);
  showPresence();
  showConnection();
  return session;
}

function people() {
  return peopleHere(
    me,
    sessions.map((session) => session.awareness.getStates()),
  );
}

function showPresence(): void {
  const here = people();
  const color = colorAmong(me, here);
  if (color !== me.color) {
    become({ ...me, color });
    return;
  }
  showPeople(element('peers'), here);
  showLoneliness();
}

function showLoneliness(): void {
  element('alone').hidden = people().length > 1 || mark.state === 'offline';
}

/** Goes by another name or colour from now on. */
function become(person: Person): void {
  me = person;
  element<HTMLInputElement>('my-name').value = me.name;
  element('my-color').style.backgroundColor = me.color;
  for (const session of sessions) session.introduce(me);
  showPresence();
  openedBoard?.refresh();
}

const mark = new SaveMark(element('save-state'), () => sessions.map((session) => session.link()));

function showConnection(): void {
  mark.show();
  showLoneliness();
  const notice = sessions.map((session) => session.notice()).find((sentence) => sentence !== null);
  element('notice').hidden = notice === undefined;
  if (element('notice').textContent !== (notice ?? '')) element('notice').textContent = notice ?? '';
}

function select(tab: Tab): void {
  for (const each of TABS) {
    const chosen = each === tab;
    element(`tab-${each}`).ariaSelected = String(chosen);
    element(`tab-${each}`).tabIndex = chosen ? 0 : -1;
    element(`panel-${each}`).hidden = !chosen;
  }
  element('toolbar').hidden = tab !== 'rich';
  element('board-tools').hidden = tab !== 'board';
  document.body.classList.toggle('with-board', tab === 'board');
  element('spoken').textContent = SPOKEN[tab];
  const shared = addressOf(tab);
  element<HTMLInputElement>('share-address').value = shared;
  history.replaceState(null, '', shared + location.hash);
  if (tab === 'code') void openCode();
  // Tiptap takes its cursor back when it loses the focus; CodeMirror leaves it standing.
  else openedCode?.awareness.setLocalStateField('cursor', null);
  if (tab === 'board') void openBoard();
}

/** Who gets the link of a board sees the board first. */
function addressOf(tab: Tab): string {
  return tab === 'board' ? `${address.share}?view=board` : address.share;
}

/** CodeMirror is loaded, and its connection made, when it is first wanted. */
function openCode(): Promise<CodeEditorSession> {
  code ??= import('./code-editor').then(({ openCodeEditor }) => {
    openedCode = join(openCodeEditor(optionsFor(element('code-editor'))));
    return openedCode;
  });
  return code;
}

/** The board shares the connection of the rich text: it is the same document, and one author for each page. */
function openBoard(): Promise<Board> {
  board ??= import('./board-page/playground').then(({ openPlaygroundBoard }) => {
    openedBoard = openPlaygroundBoard({ connection, me: () => me, people });
    element('panel-board').append(openedBoard.root);
    element('board-tools').append(openedBoard.tools);
    return openedBoard;
  });
  return board;
}

function wireTabs(): void {
  const tabs = TABS.map((tab) => element(`tab-${tab}`));
  walkWithArrows(element('tab-rich').parentElement ?? document.body, tabs);
  for (const tab of TABS) {
    element(`tab-${tab}`).addEventListener('click', () => select(tab));
    element(`tab-${tab}`).addEventListener('focus', () => select(tab));
  }
}

function wireShare(): void {
  const field = element<HTMLInputElement>('share-address');
  const button = element<HTMLButtonElement>('copy-address');
  const words = button.textContent;
  field.addEventListener('focus', () => field.select());
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = 'Copied';
    } catch {
      field.focus(); // no clipboard on plain http: the address is selected, ready for the keyboard
      button.textContent = 'Selected';
    }
    setTimeout(() => {
      button.textContent = words;
    }, 1_600);
  });
}

function wireName(): void {
  const field = element<HTMLInputElement>('my-name');
  field.addEventListener('change', () => become(rename(me, field.value)));
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') field.blur();
  });
}

document.title = `${address.name} · Weft`;
element('document-name').textContent = address.name;
wireShare();
wireName();
const { collab: url, name, token } = address;
const connection = new DocumentConnection({ url, name, token, me });
connection.onChange(showConnection);
const rich = join(openRichEditor(connection, element('rich-editor')));
become(me);
wireTabs();
fillToolbar(element('toolbar'), rich.editor);
select(new URLSearchParams(location.search).get('view') === 'board' ? 'board' : 'rich');
// On a phone it would call up the keyboard.
if (!element('panel-rich').hidden && matchMedia('(pointer: fine)').matches) rich.focus();

window.addEventListener('hashchange', () => location.reload()); // another token: a new start
window.addEventListener('beforeunload', (event) => {
  if (sessions.some((session) => session.link().unsaved)) event.preventDefault();
});

window.weft = {
  name: address.name,
  status: () => mark.state,
  peers: () => people().length,
  editor: rich.editor,
  get code() {
    return openedCode;
  },
  get board() {
    return openedBoard;
  },
};
