/** Of a service worker what is used here: the types of workers and of pages cannot be had together. */

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}

export interface PushMessage extends Lasting {
  readonly data: { text(): string } | null;
}

export interface NotificationClick extends Lasting {
  readonly notification: Notification;
}

export interface Tab {
  readonly url: string;
  focus(): Promise<Tab>;
  postMessage(message: unknown): void;
}

export interface WorkerScope {
  readonly location: Location;
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(which: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly Tab[]>;
    openWindow(url: string): Promise<Tab | null>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install', listener: (event: Lasting) => void): void;
  addEventListener(type: 'push', listener: (event: PushMessage) => void): void;
  addEventListener(type: 'notificationclick', listener: (event: NotificationClick) => void): void;
}
