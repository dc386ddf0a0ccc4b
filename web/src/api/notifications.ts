/**
 * The paths of notifications, with types. They are those of the description; `notificationsOf` gives them to a client
 * whose `schema.ts` was made before the server had them.
 */
import type { Client } from 'openapi-fetch';
import type { Api, Schemas } from './client';

export type SubjectKind =
  | 'task'
  | 'document'
  | 'workspace'
  | 'project'
  | 'team'
  | 'webhook_endpoint'
  | 'account';

export type NotificationState = 'inbox' | 'unread' | 'archived' | 'snoozed';

/** What somebody is told: one row for each thread, which grows. */
export interface Notification {
  id: string;
  workspace_id: string | null;
  type: string;
  subject: {
    kind: SubjectKind;
    id: string;
    title: string | null;
    project_id?: string | null;
    document_id?: string | null;
  };
  comment_id?: string | null;
  /** The last who did something, newest first. */
  actors: { user_id: string; display_name: string }[];
  count: number;
  title: string;
  body: string | null;
  created_at: string;
  updated_at: string;
  seen_at?: string | null;
  read_at?: string | null;
  archived_at?: string | null;
  snoozed_until?: string | null;
  /** Rises with each change. */
  version: number;
}

export interface NotificationCounts {
  unread: number;
  unseen: number;
  workspaces: {
    workspace_id: string;
    unread: number;
    unseen: number;
  }[];
}

export interface NotificationPatch {
  seen?: true;
  read?: boolean;
  archived?: boolean;
  snoozed_until?: string | null;
}

export interface TypePreference {
  type: string;
  in_app: boolean;
  email: boolean;
  /** Kept also by a server that pushes nothing. */
  push: boolean;
  /** Whether it comes into the inbox whatever somebody wants. */
  is_fixed: boolean;
}

export interface QuietHours {
  from: string;
  to: string;
  time_zone: string;
}

export type Digest = 'none' | 'hourly' | 'daily' | 'weekly';

export type Channel = 'in_app' | 'email' | 'push';

export interface NotificationPreferences {
  /** The ways that the server has. */
  channels: Channel[];
  types: TypePreference[];
  /** Left out by a server that has no way but the inbox. */
  quiet_hours?: QuietHours | null;
  /** Left out by a server that sends no mails about notifications. */
  digest?: Digest;
}

export interface PreferencesPatch {
  types?: {
    type: string;
    in_app?: boolean;
    email?: boolean;
    push?: boolean;
  }[];
  quiet_hours?: QuietHours | null;
  digest?: Digest;
}

/** Where a browser that is told lets itself be reached: what `PushSubscription.toJSON()` gives. */
export interface PushAddress {
  endpoint: string;
  expirationTime: number | null;
  keys: { p256dh: string; auth: string };
}

/** A browser that is told. Its address is not shown, as whoever has it can send there. */
export interface PushDevice {
  id: string;
  /** Of the push service. */
  host: string;
  created_at: string;
  used_at: string | null;
}

type Answer<T> = {
  responses: {
    200: { content: { 'application/json': T } };
    400: { content: { 'application/problem+json': Schemas['Problem'] } };
  };
};
type Ask<Query> = { parameters: { query?: Query } };
type Send<T> = { requestBody: { content: { 'application/json': T } } };
type AtId = { parameters: { path: { notification_id: string } } };
type Gone = {
  responses: {
    204: { content?: never };
    400: { content: { 'application/problem+json': Schemas['Problem'] } };
  };
};
type Part<T> = { data: T[]; meta: Schemas['ListMeta'] };
type Until = { before: string; workspace_id?: string };
type Scope = { workspace_id?: string; project_id?: string };

/** As `paths` of `schema.ts`. */
export interface NotificationPaths {
  '/v1/notifications': {
    get: Answer<Part<Notification>> &
      Ask<{ workspace_id?: string; state?: NotificationState; cursor?: string; limit?: number }>;
  };
  '/v1/notifications/{notification_id}': {
    get: Answer<Notification> & AtId;
    patch: Answer<Notification> & AtId & Send<NotificationPatch>;
  };
  '/v1/notifications:read-all': { post: Answer<{ changed: number }> & Send<Until> };
  '/v1/notifications:seen': { post: Answer<{ changed: number }> & Send<Until> };
  '/v1/notifications/counts': { get: Answer<NotificationCounts> };
  '/v1/notification-preferences': {
    get: Answer<NotificationPreferences> & Ask<Scope>;
    patch: Answer<NotificationPreferences> & Ask<Scope> & Send<PreferencesPatch>;
  };
  '/v1/push-key': { get: Answer<{ public_key: string }> };
  '/v1/push-subscriptions': {
    get: Answer<{ data: PushDevice[] }>;
    post: Answer<PushDevice> & Send<PushAddress>;
  };
  '/v1/push-subscriptions/{subscription_id}': {
    delete: Gone & { parameters: { path: { subscription_id: string } } };
  };
}

export function notificationsOf(api: Api): Client<NotificationPaths> {
  return api as unknown as Client<NotificationPaths>;
}
