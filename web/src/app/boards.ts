/** What the pages ask the server about boards. */
import type { Api, Schemas } from '../api/client';
import { all, good } from './lists';

export type Project = Schemas['MyProject'];
export type BoardInfo = Schemas['Document'];

export const TEMPLATES = [
  ['kanban', 'To do, in progress, done'],
  ['scrum', 'Backlog and sprint'],
  ['bugs', 'From report to fix'],
  ['empty', 'Nothing'],
] as const;
export type TemplateName = (typeof TEMPLATES)[number][0];

export function listProjects(api: Api): Promise<Project[]> {
  return all((cursor) =>
    api.GET('/v1/projects', { params: { query: query({ limit: 100, sort: 'name' }, cursor) } }),
  );
}

export function listWorkspaces(api: Api): Promise<Schemas['Workspace'][]> {
  return all((cursor) => api.GET('/v1/workspaces', { params: { query: query({ limit: 100 }, cursor) } }));
}

/** Every board that one may see and that is not put away; a board is a document of a kind of its own. */
export function listBoards(api: Api): Promise<BoardInfo[]> {
  const kind: Schemas['DocumentType'][] = ['board'];
  const wanted = { limit: 100, kind, archived: false, sort: '-updated_at' as const };
  return all((cursor) => api.GET('/v1/documents', { params: { query: query(wanted, cursor) } }));
}

function query<T extends object>(wanted: T, cursor: string | undefined): T & { cursor?: string } {
  return cursor === undefined ? wanted : { ...wanted, cursor };
}

export function getBoard(
  api: Api,
  id: string,
  missing = 'There is no such board, or you may not see it.',
): Promise<BoardInfo> {
  return good(api.GET('/v1/documents/{document_id}', { params: { path: { document_id: id } } }), missing);
}

/** The name of a project; nothing where one sees a board and not its project. */
export async function projectName(api: Api, id: string): Promise<string | null> {
  const { data } = await api.GET('/v1/projects/{project_id}', { params: { path: { project_id: id } } });
  return data?.name ?? null;
}

export async function renameBoard(api: Api, id: string, title: string): Promise<void> {
  await good(
    api.PATCH('/v1/documents/{document_id}', {
      params: { path: { document_id: id } },
      body: { title },
      headers: { 'content-type': 'application/merge-patch+json' },
    }),
  );
}

/** Makes a board; its id. */
export async function createBoard(
  api: Api,
  project: string,
  title: string,
  template: TemplateName,
): Promise<string> {
  const { id } = await good(
    api.POST('/v1/projects/{project_id}/boards', {
      params: { path: { project_id: project } },
      body: { title, template },
    }),
    'There is no such project, or you may not make boards in it.',
  );
  return id;
}

/** Makes a project in a workspace, in its first team; in a new one if it has none. */
export async function createProject(api: Api, workspace: string, name: string): Promise<void> {
  const teams = await all((cursor) =>
    api.GET('/v1/teams', { params: { query: query({ workspace_id: workspace, limit: 100 }, cursor) } }),
  );
  const team =
    teams[0] ?? (await good(api.POST('/v1/teams', { body: { workspace_id: workspace, name: 'Everybody' } })));
  await good(api.POST('/v1/projects', { body: { team_id: team.id, name } }));
}

/** Everybody who may be put on a card of a project. */
export async function listPeople(
  api: Api,
  workspace: string,
  project: string,
): Promise<Schemas['MemberPerson'][]> {
  const lists = await Promise.allSettled([
    all((cursor) =>
      api.GET('/v1/workspaces/{workspace_id}/members', {
        params: { path: { workspace_id: workspace }, query: query({ limit: 100 }, cursor) },
      }),
    ),
    all((cursor) =>
      api.GET('/v1/projects/{project_id}/members', {
        params: { path: { project_id: project }, query: query({ limit: 100 }, cursor) },
      }),
    ),
  ]);
  const people = new Map<string, Schemas['MemberPerson']>();
  for (const list of lists) {
    // Guests see less of a workspace than its members.
    if (list.status === 'fulfilled') for (const person of list.value) people.set(person.user_id, person);
  }
  return [...people.values()];
}

/** What opens one socket, once. */
export async function socketTicket(api: Api): Promise<string> {
  return (await good(api.POST('/v1/ws-tickets'))).ticket;
}
