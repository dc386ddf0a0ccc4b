/** What the pages ask the server about notifications. */
import type { Api, Schemas } from '../api/client';
import {
  type Notification,
  type NotificationCounts,
  type NotificationPatch,
  type NotificationPreferences,
  type NotificationState,
  notificationsOf,
  type PreferencesPatch,
  type PushAddress,
  type PushDevice,
} from '../api/notifications';
import { done, good, part } from '../app/lists';
import { PageError } from '../app/shell';

const MISSING = 'There is no such notification any more.';

export function getCounts(api: Api): Promise<NotificationCounts> {
  return good(notificationsOf(api).GET('/v1/notifications/counts'));
}

export interface Which {
  readonly state: NotificationState;
  readonly workspace: string | null;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export function listNotifications(
  api: Api,
  { state, workspace, limit, cursor }: Which,
): Promise<{ rows: readonly Notification[]; next: string | undefined }> {
  const query = {
    state,
    limit,
    ...(workspace === null ? {} : { workspace_id: workspace }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  return part(notificationsOf(api).GET('/v1/notifications', { params: { query } }));
}

export function changeNotification(api: Api, id: string, change: NotificationPatch): Promise<Notification> {
  return good(
    notificationsOf(api).PATCH('/v1/notifications/{notification_id}', {
      params: { path: { notification_id: id } },
      body: change,
      headers: { 'content-type': 'application/merge-patch+json' },
    }),
    MISSING,
  );
}

/** Reads nothing that came after `before`. */
export async function readAll(api: Api, before: string, workspace: string | null): Promise<number> {
  const body = workspace === null ? { before } : { before, workspace_id: workspace };
  return (await good(notificationsOf(api).POST('/v1/notifications:read-all', { body }))).changed;
}

export async function seeAll(api: Api, before: string): Promise<void> {
  await good(notificationsOf(api).POST('/v1/notifications:seen', { body: { before } }));
}

/** Where preferences count: everywhere, in a workspace, or in a project, which is named alone. */
export interface Scope {
  readonly workspace_id?: string;
  readonly project_id?: string;
}

export function getPreferences(api: Api, scope: Scope): Promise<NotificationPreferences> {
  return good(notificationsOf(api).GET('/v1/notification-preferences', { params: { query: scope } }));
}

export function changePreferences(
  api: Api,
  scope: Scope,
  change: PreferencesPatch,
): Promise<NotificationPreferences> {
  return good(
    notificationsOf(api).PATCH('/v1/notification-preferences', {
      params: { query: scope },
      body: change,
    }),
  );
}

/** The key by which push services know the server; null where it sends no Web Push. */
export async function getPushKey(api: Api): Promise<string | null> {
  try {
    return (await good(notificationsOf(api).GET('/v1/push-key'))).public_key;
  } catch (error) {
    if (error instanceof PageError && error.status === 404) return null;
    throw error;
  }
}

export async function listDevices(api: Api): Promise<readonly PushDevice[]> {
  return (await good(notificationsOf(api).GET('/v1/push-subscriptions'))).data;
}

export function addDevice(api: Api, address: PushAddress): Promise<PushDevice> {
  return good(notificationsOf(api).POST('/v1/push-subscriptions', { body: address }));
}

/** One that is gone already is as good as removed. */
export async function removeDevice(api: Api, id: string): Promise<void> {
  try {
    const params = { path: { subscription_id: id } };
    await done(notificationsOf(api).DELETE('/v1/push-subscriptions/{subscription_id}', { params }));
  } catch (error) {
    if (!(error instanceof PageError && error.status === 404)) throw error;
  }
}

export function getTask(api: Api, id: string): Promise<Schemas['Task']> {
  const params = { path: { task_id: id } };
  return good(api.GET('/v1/tasks/{task_id}', { params }), 'There is no such task, or you may not see it.');
}
