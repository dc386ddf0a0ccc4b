/**
 * The board of one page: what it shows, and the one way in which the page changes it.
 *
 * Everything goes through the moves of `../board`, each a transaction of the page's own origin. A move that is refused
 * has changed nothing, and its reason is said.
 */
import type * as Y from 'yjs';
import { MoveError, type MoveErrorCode } from '../board/editor';
import type { Dice } from '../board/key';
import type { ListName } from '../board/lists';
import { BoardEditor } from '../board/moves';
import { type RawBoard, rootMap } from '../board/read';
import { SCHEMA } from '../board/schema';
import type { BoardView } from '../board/view';
import { Watch } from '../board/watch';
import { History } from './history';

const REASONS: Readonly<Record<MoveErrorCode, string>> = {
  no_board: 'The board is not here yet.',
  not_found: 'Somebody else has deleted or moved that meanwhile.',
  exists: 'That is there already.',
  too_many: 'There is no room for more of these on a board.',
  too_long: 'That text is too long.',
  invalid: 'That is not possible.',
  parent_cycle: 'A card cannot be a part of itself or of its own parts.',
  dependency_cycle: 'These cards would wait for each other.',
  self_link: 'A card cannot depend on itself.',
};

const roll: Dice = (bound) => Math.floor(Math.random() * bound);

/** A fresh id: a UUID that begins with the time. */
export function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let at = 0; at < 6; at += 1) bytes[at] = Math.floor(now / 2 ** (8 * (5 - at))) % 256;
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export interface StoreOptions {
  readonly doc: Y.Doc;
  /** The user whose edits these are, if users have ids here. */
  readonly by: string | null;
  /** The board may have changed. Called inside of transactions: look at it later. */
  readonly onTouched: () => void;
  /** There is more or less to undo. */
  readonly onHistory: () => void;
  readonly say: (sentence: string) => void;
}

export class BoardStore {
  readonly doc: Y.Doc;
  readonly history: History;
  readonly #options: StoreOptions;
  readonly #watch: Watch;
  readonly #editor: BoardEditor;
  /** For what is undone by a move of its own. */
  readonly #unrecorded: BoardEditor;
  #isWritable = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.doc = options.doc;
    this.#watch = new Watch(options.doc, options.onTouched);
    const hand = {
      by: options.by,
      now: () => new Date().toISOString(),
      dice: roll,
      read: () => this.#watch.read(),
    };
    this.#editor = new BoardEditor(options.doc, { ...hand, origin: this });
    this.#unrecorded = new BoardEditor(options.doc, { ...hand, origin: 'unrecorded' });
    this.history = new History(options.doc, this, options.onHistory);
  }

  get view(): BoardView {
    return this.#watch.read().view;
  }

  get raw(): RawBoard {
    return this.#watch.read().raw;
  }

  /** Whether there is a board that this page may change. */
  get isWritable(): boolean {
    return this.#isWritable && this.view.schema === SCHEMA;
  }

  set isWritable(writable: boolean) {
    this.#isWritable = writable;
  }

  /** One edit; false if it was refused. */
  act(work: (editor: BoardEditor) => void): boolean {
    return this.#attempt(() => {
      this.history.begin();
      work(this.#editor);
    });
  }

  /** An edit by a key, which is undone with those before it in the same `field`. */
  type(field: string, work: (editor: BoardEditor) => void): boolean {
    return this.#attempt(() => {
      this.history.begin(field);
      work(this.#editor);
    });
  }

  /** Creates a card, with `more` about it in the same transaction. Undo puts it into the trash. */
  createCard(create: (editor: BoardEditor, id: string) => void): string | null {
    return this.#create(create, (editor) => ({
      undo: (id) => editor.deleteCard(id),
      redo: (id) => editor.restoreCard(id),
    }));
  }

  /** Creates a column or a label. */
  createEntry(list: ListName, create: (editor: BoardEditor, id: string) => void): string | null {
    return this.#create(create, (editor) => ({
      undo: (id) => editor.delete(list, id),
      redo: (id) => editor.restore(list, id),
    }));
  }

  /** What is shared of a card, for editors that write into it by themselves. */
  shared(card: string): Y.Map<unknown> | null {
    return (rootMap(this.doc, 'cards')?.get(card) as Y.Map<unknown> | undefined) ?? null;
  }

  destroy(): void {
    this.history.destroy();
    this.#watch.destroy();
  }

  #create(
    create: (editor: BoardEditor, id: string) => void,
    commands: (editor: BoardEditor) => { undo: (id: string) => void; redo: (id: string) => void },
  ): string | null {
    const id = freshId();
    const isDone = this.#attempt(() => {
      this.doc.transact(() => create(this.#unrecorded, id), 'unrecorded');
      const { undo, redo } = commands(this.#unrecorded);
      this.history.created({ undo: () => undo(id), redo: () => redo(id) });
    });
    return isDone ? id : null;
  }

  #attempt(work: () => void): boolean {
    if (!this.isWritable) return false;
    try {
      work();
      return true;
    } catch (error) {
      if (!(error instanceof MoveError)) throw error;
      this.#options.say(REASONS[error.code]);
      return false;
    }
  }
}
