/** What the pages ask the server about webhooks. */
import type { Api, Schemas } from '../api/client';
import { listWorkspaces } from '../app/boards';
import { all, done, good, part } from '../app/lists';
import { PageError } from '../app/shell';
import type { HeaderChanges } from './headers';
import type { Signature } from './signatures';

export type Endpoint = Schemas['WebhookEndpoint'];
export type Stats = Schemas['WebhookStats'];
export type Message = Schemas['WebhookMessage'];
export type MessageStatus = Schemas['WebhookStatus'];
export type Attempt = Schemas['WebhookAttempt'];
export type Recovery = Schemas['WebhookRecovery'];
export type Trial = Schemas['WebhookTest'];
export type EventType = Schemas['EventType'];

const MISSING = 'There is no such endpoint, or you may not manage it.';
/** How many deliveries are shown before somebody asks for more. */
const AT_ONCE = 25;

/** The workspaces whose webhooks somebody manages. */
export async function managedWorkspaces(api: Api, user: string): Promise<Schemas['Workspace'][]> {
  const workspaces = await listWorkspaces(api);
  const roles = await Promise.all(
    workspaces.map(({ id }) =>
      api.GET('/v1/workspaces/{workspace_id}/members/{user_id}', {
        params: { path: { workspace_id: id, user_id: user } },
      }),
    ),
  );
  return workspaces.filter((_, at) => ['admin', 'owner'].includes(roles[at]?.data?.role ?? ''));
}

export function listEndpoints(api: Api, workspace: string): Promise<Endpoint[]> {
  return all((cursor) =>
    api.GET('/v1/webhooks/endpoints', {
      params: { query: { workspace_id: workspace, limit: 100, ...(cursor === undefined ? {} : { cursor }) } },
    }),
  );
}

const at = (id: string) => ({ params: { path: { endpoint_id: id } } });
const ofMessage = (id: string) => ({ params: { path: { message_id: id } } });

export function getEndpoint(api: Api, id: string): Promise<Endpoint> {
  return good(api.GET('/v1/webhooks/endpoints/{endpoint_id}', at(id)), MISSING);
}

/** An endpoint, and its version for a change that must not undo somebody else's. */
export async function readForChange(api: Api, id: string): Promise<[Endpoint, string | null]> {
  let etag: string | null = null;
  const call = api.GET('/v1/webhooks/endpoints/{endpoint_id}', at(id)).then((answer) => {
    etag = answer.response.headers.get('etag');
    return answer;
  });
  return [await good(call, MISSING), etag];
}

export function getStats(api: Api, id: string): Promise<Stats> {
  return good(api.GET('/v1/webhooks/endpoints/{endpoint_id}/stats', at(id)), MISSING);
}

export async function listEventTypes(api: Api): Promise<readonly EventType[]> {
  return (await good(api.GET('/v1/event-types'))).data;
}

/** What people say of an endpoint; empty lists mean everything, and headers that are not named stay. */
export interface Wanted {
  readonly url: string;
  readonly description: string;
  readonly event_types: string[];
  readonly project_ids: string[];
  readonly headers: HeaderChanges;
  /** In attempts a second; null for none. */
  readonly rate_limit: number | null;
  readonly signatures: Signature[];
}

export function createEndpoint(
  api: Api,
  workspace: string,
  { headers, ...wanted }: Wanted,
): Promise<Endpoint> {
  const body = { workspace_id: workspace, ...wanted, headers: Object.fromEntries(headers.set) };
  return good(api.POST('/v1/webhooks/endpoints', { body }));
}

/** What somebody wants, as a change. Headers are left out where none of them is another one. */
export function changeTo({ headers: { set, removed }, ...wanted }: Wanted): Schemas['WebhookEndpointPatch'] {
  if (set.size + removed.size === 0) return wanted;
  const gone = [...removed].map((name): [string, null] => [name, null]);
  return { ...wanted, headers: Object.fromEntries<string | null>([...gone, ...set]) };
}

export async function changeEndpoint(
  api: Api,
  id: string,
  change: Schemas['WebhookEndpointPatch'],
  etag: string | null = null,
): Promise<Endpoint> {
  const headers = {
    'content-type': 'application/merge-patch+json',
    ...(etag === null ? {} : { 'If-Match': etag }),
  };
  const call = api.PATCH('/v1/webhooks/endpoints/{endpoint_id}', { ...at(id), body: change, headers });
  if ((await call).response.status === 412) {
    throw new PageError('Somebody else has changed this endpoint meanwhile. Close this and look again.');
  }
  return good(call, MISSING);
}

export function deleteEndpoint(api: Api, id: string): Promise<void> {
  return done(api.DELETE('/v1/webhooks/endpoints/{endpoint_id}', at(id)), MISSING);
}

export async function readSecret(api: Api, id: string): Promise<string> {
  return (await good(api.GET('/v1/webhooks/endpoints/{endpoint_id}/secret', at(id)), MISSING)).secret;
}

export async function rotateSecret(api: Api, id: string): Promise<string> {
  const call = api.POST('/v1/webhooks/endpoints/{endpoint_id}:rotate-secret', { ...at(id), body: {} });
  return (await good(call, MISSING)).secret;
}

/** The public half of the new key; the private one is never shown. */
export async function rotateSigningKey(api: Api, id: string): Promise<string> {
  const call = api.POST('/v1/webhooks/endpoints/{endpoint_id}:rotate-signing-key', { ...at(id), body: {} });
  return (await good(call, MISSING)).public_key;
}

export function testEndpoint(api: Api, id: string): Promise<Trial> {
  return good(api.POST('/v1/webhooks/endpoints/{endpoint_id}:test', at(id)), MISSING);
}

export function enableEndpoint(api: Api, id: string): Promise<Endpoint> {
  return good(api.POST('/v1/webhooks/endpoints/{endpoint_id}:enable', at(id)), MISSING);
}

export function listDeliveries(
  api: Api,
  id: string,
  status: MessageStatus | null,
  cursor?: string,
): Promise<{ rows: readonly Message[]; next: string | undefined }> {
  const query = {
    limit: AT_ONCE,
    sort: '-created_at' as const,
    ...(status === null ? {} : { status }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const path = { endpoint_id: id };
  return part(
    api.GET('/v1/webhooks/endpoints/{endpoint_id}/deliveries', { params: { path, query } }),
    MISSING,
  );
}

export function getMessage(api: Api, id: string): Promise<Message> {
  return good(api.GET('/v1/webhooks/messages/{message_id}', ofMessage(id)));
}

export async function listAttempts(api: Api, id: string): Promise<readonly Attempt[]> {
  return (await good(api.GET('/v1/webhooks/messages/{message_id}/attempts', ofMessage(id)))).data;
}

export function resendMessage(api: Api, id: string): Promise<Message> {
  return good(api.POST('/v1/webhooks/messages/{message_id}:resend', ofMessage(id)));
}

export function recoverEndpoint(
  api: Api,
  id: string,
  since: string,
  until: string | null,
): Promise<Recovery> {
  const body = until === null ? { since } : { since, until };
  return good(api.POST('/v1/webhooks/endpoints/{endpoint_id}:recover', { ...at(id), body }), MISSING);
}

export function getRecovery(api: Api, id: string): Promise<Recovery> {
  const params = { path: { recovery_id: id } };
  return good(api.GET('/v1/webhooks/recoveries/{recovery_id}', { params }), 'There is no such recovery.');
}
