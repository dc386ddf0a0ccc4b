/** What is around every document of an account: its connection, its title, whether it is saved, who is here. */
import { colorOf } from '../board-page/avatar';
import { DocumentConnection } from '../document-connection';
import type { Person } from '../identity';
import { peopleHere, showPeople } from '../presence';
import { SaveMark } from '../save-mark';
import { h, setText } from '../ui/dom';
import { toast } from '../ui/voice';
import { askersPart } from './access';
import { type BoardInfo, projectName, renameBoard, socketTicket } from './boards';
import { wordsOf } from './lists';
import { nameOfUser, type Shell } from './shell';

export interface DocumentFrame {
  readonly connection: DocumentConnection;
  readonly me: Person;
  /** The project, the title and the state of saving. */
  readonly head: HTMLElement;
  close(): void;
}

/** Opens a document; `what` it is called. */
export function openFrame(shell: Shell, info: BoardInfo, what: string): DocumentFrame {
  const { user, api } = shell;
  const me: Person = { id: user.id, name: nameOfUser(user), color: colorOf(user.id) };
  const connection = new DocumentConnection({
    url: `${location.origin.replace(/^http/, 'ws')}/v1/collab`,
    name: info.id,
    token: () => socketTicket(api),
    me,
  });
  const project = h('span', { class: 'board-project' });
  if (info.project_id) void projectName(api, info.project_id).then((name) => setText(project, name ?? ''));
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
    connection,
    me,
    head: documentHead(shell, info, what, connection, project),
    close() {
      window.removeEventListener('beforeunload', warn);
      connection.destroy();
    },
  };
}

function documentHead(
  shell: Shell,
  info: BoardInfo,
  what: string,
  connection: DocumentConnection,
  project: HTMLElement,
): HTMLElement {
  const mayRename = info.role === 'owner' || info.role === 'editor';
  const title = h('h1', {});
  const name = h('input', {
    class: 'board-name',
    maxlength: 255,
    'aria-label': `Title of the ${what}`,
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
    askersPart(shell.api, info),
    project,
    h('div', { class: 'heading' }, title, state),
  );
}
