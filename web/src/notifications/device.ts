/**
 * Whether this browser shows what its user is told also when no page is open: Web Push.
 *
 * It does so for one person and only while they are logged in. A subscription that nobody here is logged in for any more, or
 * somebody else, ends in the browser; the server hears of it from the push service when it pushes the next time.
 */
import type { Api } from '../api/client';
import type { PushAddress, PushDevice } from '../api/notifications';
import { PageError } from '../app/shell';
import { addDevice, getPushKey, removeDevice } from './calls';

const KEY = 'weft.device';

/** For whom this browser is subscribed, and as what the server knows it. */
interface Kept {
  readonly user: string;
  readonly id: string;
  readonly endpoint: string;
}

type Manager = Pick<PushManager, 'getSubscription' | 'subscribe'>;

export interface DeviceOptions {
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly permission: () => NotificationPermission;
  readonly askPermission: () => Promise<NotificationPermission>;
  /** That of the worker, if there is one already. */
  readonly find: () => Promise<Manager | undefined>;
  /** That of the worker, which is there from now on. */
  readonly register: () => Promise<Manager>;
  readonly server: {
    getKey(): Promise<string | null>;
    add(address: PushAddress): Promise<Pick<PushDevice, 'id'>>;
    remove(id: string): Promise<void>;
  };
}

export const DENIED =
  'This browser does not let Weft show notifications. Allow them for this site in its settings, and turn this on again.';
const NO_PUSH = 'This browser does not get to its push service.';
const NO_KEY = 'The server does not push any more.';

export class Device {
  constructor(private readonly options: DeviceOptions) {}

  get isDenied(): boolean {
    return this.options.permission() === 'denied';
  }

  /** As what the server knows this browser, if it is subscribed for this user. */
  idFor(user: string): string | null {
    const kept = this.#kept();
    return kept?.user === user ? kept.id : null;
  }

  /** Browsers ask only because of something that somebody does, so that comes first. */
  async turnOn(user: string): Promise<void> {
    if ((await this.options.askPermission()) !== 'granted') throw new PageError(DENIED);
    const key = await this.options.server.getKey();
    if (key === null) throw new PageError(NO_KEY);
    await this.#subscribe(user, key, await this.options.register());
  }

  async turnOff(): Promise<void> {
    const kept = this.#kept();
    await this.end();
    if (kept !== null) await this.options.server.remove(kept.id);
  }

  /** Ends it here, whether the server can be told or not. */
  async end(): Promise<void> {
    this.options.storage.removeItem(KEY);
    const subscription = await (await this.options.find())?.getSubscription();
    await subscription?.unsubscribe();
  }

  /** Keeps it as it was for whoever is logged in, with another key or address if the server or the browser has changed it. */
  async keep(user: string | null): Promise<void> {
    const kept = this.#kept();
    if (kept === null || kept.user !== user) {
      await this.end();
      return;
    }
    if (this.options.permission() !== 'granted') {
      await this.turnOff();
      return;
    }
    const key = await this.options.server.getKey();
    // A server that does not push now may do so again.
    if (key === null) return;
    const manager = await this.options.register();
    const now = await manager.getSubscription();
    if (now !== null && now.endpoint === kept.endpoint && hasKey(now, key)) return;
    const id = await this.#subscribe(user, key, manager);
    if (id !== kept.id) await this.options.server.remove(kept.id);
  }

  async #subscribe(user: string, key: string, manager: Manager): Promise<string> {
    const subscription = await this.#subscription(user, key, manager);
    try {
      const { id } = await this.options.server.add(subscription.toJSON() as PushAddress);
      const kept: Kept = { user, id, endpoint: subscription.endpoint };
      this.options.storage.setItem(KEY, JSON.stringify(kept));
      return id;
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** One for another key does not work, and one for somebody else may still bring what they were told. */
  async #subscription(user: string, key: string, manager: Manager): Promise<PushSubscription> {
    try {
      const now = await manager.getSubscription();
      if (now !== null && this.idFor(user) !== null && hasKey(now, key)) return now;
      await now?.unsubscribe();
      return await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    } catch {
      throw new PageError(NO_PUSH);
    }
  }

  #kept(): Kept | null {
    try {
      const kept = JSON.parse(this.options.storage.getItem(KEY) ?? 'null') as Kept | null;
      return typeof kept?.user === 'string' && typeof kept.id === 'string' ? kept : null;
    } catch {
      return null;
    }
  }
}

export function hasKey({ options }: Pick<PushSubscription, 'options'>, key: string): boolean {
  const bytes = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer(0));
  const text = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  return text.replace(/=+$/, '') === key.replace(/=+$/, '');
}

/** Whether this is an iPhone or iPad that could be told if the page was on its home screen, where it is not yet. */
export function needsHomeScreen({ userAgent, maxTouchPoints, standalone }: HomeScreen): boolean {
  // An iPad says that it is a Mac, but no Mac can be touched.
  const isApple = /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
  return isApple && standalone !== true;
}

/** What browsers say of themselves; `standalone` only those of Apple. */
export interface HomeScreen {
  readonly userAgent: string;
  readonly maxTouchPoints: number;
  readonly standalone?: boolean;
}

/** This browser; null where it cannot be told anything. */
export function thisDevice(api: Api): Device | null {
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window))
    return null;
  const { serviceWorker } = navigator;
  return new Device({
    storage: localStorage,
    permission: () => Notification.permission,
    askPermission: () => Notification.requestPermission(),
    find: async () => (await serviceWorker.getRegistration())?.pushManager,
    register: async () => {
      // While it is developed it is not one file yet.
      const type = import.meta.env.DEV ? 'module' : 'classic';
      await serviceWorker.register('/push-worker.js', { type, updateViaCache: 'none' });
      return (await serviceWorker.ready).pushManager;
    },
    server: {
      getKey: () => getPushKey(api),
      add: (address) => addDevice(api, address),
      remove: (id) => removeDevice(api, id),
    },
  });
}
