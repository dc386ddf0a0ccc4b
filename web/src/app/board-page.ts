/** One board, for people with accounts. */

import { Board } from '../board-page/board';
import type { Directory } from '../board-page/names';
import { h } from '../ui/dom';
import { openOrAsk } from './access';
import { listPeople } from './boards';
import { openFrame } from './document-frame';
import type { OpenPage } from './router';
import { nameOfUser, PageError, type Shell } from './shell';

export async function openBoardPage(shell: Shell, id: string): Promise<OpenPage> {
  const info = await openOrAsk(shell.api, id);
  if (info.kind !== 'board') throw new PageError('This document is no board.');
  const { user, api } = shell;
  const { connection, me, head, close } = openFrame(shell, info, 'board');
  const path = location.pathname;
  let directory: Directory = { isOpen: false, members: [{ id: me.id, name: me.name }] };
  const board = new Board({
    connection,
    by: user.id,
    me: () => me,
    self: () => user.id,
    directory: () => directory,
    mayFound: false,
    openFirst: new URLSearchParams(location.search).get('card'),
    onOpen: (card) => {
      if (location.pathname === path)
        history.replaceState(null, '', card === null ? path : `${path}?card=${card}`);
    },
  });
  if (info.workspace_id && info.project_id) {
    void listPeople(api, info.workspace_id, info.project_id).then((people) => {
      const members = people.map((person) => ({ id: person.user_id, name: nameOfUser(person) }));
      members.sort((one, other) => one.name.localeCompare(other.name));
      if (!members.some((member) => member.id === me.id)) members.unshift({ id: me.id, name: me.name });
      directory = { isOpen: false, members };
      board.refresh();
    });
  }
  return {
    title: info.title || 'Board',
    isFull: true,
    element: h(
      'div',
      { class: 'board-page' },
      head,
      h('section', { class: 'card', 'aria-label': 'Board' }, board.tools, board.root),
    ),
    close() {
      board.destroy();
      close();
    },
  };
}
