/** All boards, project by project. */
import type { Schemas } from '../api/client';
import { colorOf } from '../board-page/avatar';
import { longMoment } from '../board-page/dates';
import { fill, h, labelled } from '../ui/dom';
import { icon } from '../ui/icons';
import { openPopover } from '../ui/popover';
import {
  type BoardInfo,
  createBoard,
  createProject,
  listBoards,
  listProjects,
  listWorkspaces,
  type Project,
  TEMPLATES,
} from './boards';
import { wordsOf } from './lists';
import type { OpenPage } from './router';
import type { Shell } from './shell';

export async function openBoardList(shell: Shell): Promise<OpenPage> {
  const { api } = shell;
  const [workspaces, projects, boards] = await Promise.all([
    listWorkspaces(api),
    listProjects(api),
    listBoards(api),
  ]);
  const names = new Map(workspaces.map(({ id, name }) => [id, name]));
  const search = h('input', {
    type: 'search',
    class: 'field',
    placeholder: 'Find a board',
    'aria-label': 'Find a board',
  });
  const list = h('div', { class: 'projects' });
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    fill(
      list,
      ...projects.map((project) => {
        const own = boards.filter(({ project_id }) => project_id === project.id);
        const fitting = own.filter(({ title }) => (title ?? '').toLowerCase().includes(wanted));
        if (wanted !== '' && fitting.length === 0) return null;
        const workspace = workspaces.length > 1 ? names.get(project.workspace_id) : undefined;
        return projectSection(shell, project, fitting, workspace);
      }),
      projects.length === 0
        ? h('p', { class: 'hint' }, 'Boards belong to projects. Make your first project, then a board in it.')
        : null,
    );
  };
  search.addEventListener('input', draw);
  draw();
  const make: HTMLButtonElement = h(
    'button',
    {
      type: 'button',
      class: 'tool framed',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      'data-testid': 'new-project',
      on: { click: () => projectForm(shell, make, workspaces) },
    },
    icon('plus'),
    'New project',
  );
  const element = h(
    'div',
    { class: 'board-list' },
    h('div', { class: 'board-list-head' }, h('h1', {}, 'Boards'), search, make),
    list,
  );
  return { title: 'Boards', element, close() {} };
}

function mayMake({ role }: Project): boolean {
  return role === 'editor' || role === 'owner';
}

function projectSection(
  shell: Shell,
  project: Project,
  boards: readonly BoardInfo[],
  workspace: string | undefined,
): HTMLElement {
  const id = `project-${project.id}`;
  const make: HTMLButtonElement = h(
    'button',
    {
      type: 'button',
      class: 'tile new',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      'aria-label': `New board in ${project.name}`,
      on: { click: () => boardForm(shell, make, project) },
    },
    icon('plus'),
    'New board',
  );
  return h(
    'section',
    { 'aria-labelledby': id },
    h('h2', { id }, project.name, workspace === undefined ? null : h('small', {}, workspace)),
    h(
      'ul',
      { class: 'tiles' },
      ...boards.map((board) =>
        h(
          'li',
          {},
          h(
            'a',
            { class: 'tile', href: `/boards/${board.id}`, style: `--tile: ${colorOf(board.id)}` },
            h('span', { class: 'tile-title' }, board.title || 'Untitled'),
            h('small', {}, `Since ${longMoment(board.created_at.slice(0, 10))}`),
          ),
        ),
      ),
      mayMake(project) ? h('li', {}, make) : null,
    ),
  );
}

/** A small form at a button; what the server refuses is said in it. */
function formAt(
  anchor: HTMLElement,
  label: string,
  fields: readonly HTMLElement[],
  submit: () => Promise<void>,
): void {
  const said = h('p', { class: 'said wrong', role: 'alert' });
  const button = h('button', { type: 'submit', class: 'primary' }, label);
  const form = h('form', { class: 'small-form' }, ...fields, said, button);
  const popover = openPopover(anchor, form, { label });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = '';
    try {
      await submit();
      popover.close();
    } catch (error) {
      said.textContent = wordsOf(error);
    } finally {
      button.disabled = false;
    }
  });
}

function boardForm(shell: Shell, anchor: HTMLElement, project: Project): void {
  const title = h('input', { class: 'field', maxlength: 255, required: true });
  const template = h(
    'select',
    { class: 'field' },
    ...TEMPLATES.map(([value, name]) => h('option', { value }, name)),
  );
  const fields = [labelled('Title', title), labelled('Begins with', template)];
  formAt(anchor, 'Make the board', fields, async () => {
    const chosen = TEMPLATES.find(([name]) => name === template.value)?.[0] ?? 'kanban';
    shell.go(`/boards/${await createBoard(shell.api, project.id, title.value.trim(), chosen)}`);
  });
}

function projectForm(shell: Shell, anchor: HTMLElement, workspaces: readonly Schemas['Workspace'][]): void {
  const name = h('input', { class: 'field', maxlength: 255, required: true });
  const workspace = h(
    'select',
    { class: 'field' },
    ...workspaces.map((one) => h('option', { value: one.id }, one.name)),
  );
  const fields = [
    labelled('Name', name),
    ...(workspaces.length > 1 ? [labelled('Workspace', workspace)] : []),
  ];
  formAt(anchor, 'Make the project', fields, async () => {
    await createProject(shell.api, workspace.value, name.value.trim());
    await shell.show();
  });
}
