/**
 * What a board begins with where no server makes boards: in the playground, whose documents are nothing but names.
 *
 * Two pages may do it at the same time. So the update is the same bytes everywhere, written by an author who stands for
 * nothing but these columns: whoever applies it twice has it once, and what was already done on either page stays.
 */
import * as Y from 'yjs';
import { BoardEditor } from '../board/moves';
import { type Category, SCHEMA } from '../board/schema';

const COLUMNS: readonly [id: string, title: string, category: Category][] = [
  ['todo', 'To do', 'unstarted'],
  ['doing', 'In progress', 'started'],
  ['done', 'Done', 'completed'],
];

/** Other columns have another author: one author must never have written two things under one number. */
function authorOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}

export function foundingUpdate(): Uint8Array<ArrayBufferLike> {
  const doc = new Y.Doc();
  doc.clientID = authorOf(JSON.stringify(COLUMNS));
  doc.transact(() => {
    doc.getMap('meta').set('schema', SCHEMA);
    const editor = new BoardEditor(doc, { by: null, now: () => null, dice: () => 0 });
    for (const column of COLUMNS) editor.createColumn(...column);
  });
  return Y.encodeStateAsUpdate(doc);
}

/** Makes a board of a document that has come from the server and is none. */
export function found(doc: Y.Doc): void {
  if (doc.getMap('meta').has('schema')) return;
  Y.applyUpdate(doc, foundingUpdate(), 'founding');
}
