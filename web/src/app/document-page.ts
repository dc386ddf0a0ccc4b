/** A document of text, for people with accounts; the address of a board leads to the board. */
import { h } from '../ui/dom';
import { openOrAsk } from './access';
import { openFrame } from './document-frame';
import type { OpenPage } from './router';
import type { Shell } from './shell';

export async function openDocumentPage(shell: Shell, id: string): Promise<OpenPage> {
  const path = location.pathname;
  const info = await openOrAsk(shell.api, id, 'There is no such document, or you may not see it.');
  if (info.kind === 'board') {
    // Whoever has gone on meanwhile keeps the address of where they are.
    if (location.pathname === path) history.replaceState(null, '', `/boards/${info.id}`);
    return (await import('./board-page')).openBoardPage(shell, info.id);
  }
  const [{ openRichEditor }, { fillToolbar }] = await Promise.all([
    import('../rich-editor'),
    import('../rich-toolbar'),
  ]);
  const { connection, head, close } = openFrame(shell, info, 'document');
  const mount = h('div', { id: 'rich-editor', 'data-testid': 'rich-editor', 'data-synced': 'false' });
  const { editor } = openRichEditor(
    connection,
    mount,
    'Write something. Everybody who may see this document sees it as you type.',
  );
  const toolbar = h('div', {
    class: 'toolbar',
    role: 'toolbar',
    'aria-label': 'Formatting',
    'aria-controls': 'rich-editor',
  });
  fillToolbar(toolbar, editor);
  return {
    title: info.title || 'Document',
    element: h(
      'div',
      { class: 'document-page' },
      head,
      h(
        'section',
        { class: 'card', 'aria-label': 'Document' },
        h('div', { class: 'card-head' }, toolbar),
        h('div', { class: 'panel' }, mount),
      ),
    ),
    close() {
      editor.destroy();
      close();
    },
  };
}
