/** The address of a task, which stays when it goes to another board: leads to its card. */
import { getTask } from '../notifications/calls';
import { openBoardPage } from './board-page';
import type { OpenPage } from './router';
import type { Shell } from './shell';

export async function openTaskPage(shell: Shell, id: string): Promise<OpenPage> {
  const path = location.pathname;
  const { board_id, card_id } = await getTask(shell.api, id);
  // Whoever has gone on meanwhile keeps the address of where they are.
  if (location.pathname === path) {
    history.replaceState(null, '', `/boards/${board_id}?card=${encodeURIComponent(card_id)}`);
  }
  return openBoardPage(shell, board_id);
}
