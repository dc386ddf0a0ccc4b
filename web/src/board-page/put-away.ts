/** Cards into the archive or the trash, and back by one click. */
import { toast } from '../ui/voice';
import { type BoardContext, titleOf } from './context';

export function putAway(context: BoardContext, id: string, how: 'archive' | 'delete'): void {
  const { store } = context;
  const title = titleOf(store.view.cards.get(id));
  if (!store.act((board) => (how === 'archive' ? board.archiveCard(id) : board.deleteCard(id)))) return;
  toast(how === 'archive' ? `“${title}” is in the archive.` : `“${title}” is in the trash.`, {
    label: 'Undo',
    run: () => {
      store.act((board) => (how === 'archive' ? board.unarchiveCard(id) : board.restoreCard(id)));
      context.focusCard(id);
    },
  });
}
