/** One board, for people with accounts. */

import { colorOf } from '../board-page/avatar';
import { Board } from '../board-page/board';
import type { Directory } from '../board-page/names';
import { DocumentConnection } from '../document-connection';
import type { Person } from '../identity';
import { peopleHere, showPeople } from '../presence';
import { SaveMark } from '../save-mark';
import { h, setText } from '../ui/dom';
import { toast } from '../ui/voice';
import { type BoardInfo, getBoard, listPeople, projectName, renameBoard, socketTicket } from './boards';
import { wordsOf } from './lists';
import type { OpenPage } from './router';
import { nameOfUser, PageError, type Shell } from './shell';

export async function openBoardPage(shell: Shell, id: string): Promise<OpenPage> {
  const info = await getBoard(shell.api, id);
  if (info.kind !== 'board') throw new PageError('This document is no board.');
  const { user, api } = shell;
  const me: Person = { id: user.id, name: nameOfUser(user), color: colorOf(user.id) };
  const connection = new DocumentConnection({
    url: `${location.origin.replace(/^http/, 'ws')}/v1/collab`,
    name: info.id,
    token: () => socketTicket(api),
    me,
  });
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
  const project = h('span', { class: 'board-project' });
  if (info.project_id) void projectName(api, info.project_id).then((name) => setText(project, name ?? ''));
  const head = boardHead(shell, info, connection, project);
  const peers = h('ul', { id: 'peers', 'data-testid': 'peers', 'aria-label': 'People here' });
  shell.slot.append(peers);
  const meet = () => {
    // Oneself stands at the end of the bar already.
    const here = peopleHere(me, [connection.awareness.getStates()]);
    showPeople(peers, here.slice(1), '');
    peers.dataset.peers = String(here.length);
  };
  connection.awareness.on('change', meet);
  meet();
  const warn = (event: BeforeUnloadEvent) => {
    if (connection.link().unsaved) event.preventDefault();
  };
  window.addEventListener('beforeunload', warn);
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
      window.removeEventListener('beforeunload', warn);
      board.destroy();
      connection.destroy();
    },
  };
}

function boardHead(
  shell: Shell,
  info: BoardInfo,
  connection: DocumentConnection,
  project: HTMLElement,
): HTMLElement {
  const mayRename = info.role === 'owner' || info.role === 'editor';
  const title = h('h1', {});
  const name = h('input', {
    class: 'board-name',
    maxlength: 255,
    'aria-label': 'Title of the board',
    readonly: !mayRename,
  });
  name.value = info.title ?? '';
  let kept = name.value;
  name.addEventListener('change', async () => {
    const wanted = name.value.trim();
    if (wanted === '' || wanted === kept) {
      name.value = kept;
      return;
    }
    try {
      await renameBoard(shell.api, info.id, wanted);
      kept = wanted;
      shell.setTitle(wanted);
    } catch (error) {
      name.value = kept;
      toast(wordsOf(error));
    }
  });
  name.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') name.blur();
  });
  title.append(name);
  const state = h('p', {
    id: 'save-state',
    'data-testid': 'save-state',
    'data-save-state': 'offline',
    role: 'status',
  });
  const notice = h('div', { class: 'notice', 'data-testid': 'notice', role: 'alert', hidden: true });
  const mark = new SaveMark(state, () => [connection.link()]);
  const show = () => {
    mark.show();
    notice.hidden = connection.notice === null;
    setText(notice, connection.notice ?? '');
  };
  connection.onChange(show);
  show();
  return h(
    'div',
    { class: 'board-page-head' },
    notice,
    project,
    h('div', { class: 'heading' }, title, state),
  );
}
