import { expect, it } from 'vitest';
import { PageError } from '../app/shell';
import { Device, hasKey, needsHomeScreen } from './device';

const [KEY, OTHER_KEY] = ['BAQ-_w', 'BAQAAA'];

/** A browser, its push service, and a server that knows devices by their endpoints. */
function world() {
  const kept = new Map<string, string>();
  const rows = new Map<string, string>();
  let permission: NotificationPermission = 'default';
  let answer: NotificationPermission = 'granted';
  let subscription: PushSubscription | null = null;
  let count = 0;
  let key: string | null = KEY;
  let isDown = false;
  const subscribe = async ({ applicationServerKey }: PushSubscriptionOptionsInit = {}) => {
    count += 1;
    const endpoint = `https://push.test/${count}`;
    const base64 = String(applicationServerKey).replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    subscription = {
      endpoint,
      options: { applicationServerKey: bytes.buffer, userVisibleOnly: true },
      unsubscribe: async () => {
        subscription = null;
        return true;
      },
      toJSON: () => ({ endpoint, expirationTime: null, keys: {} }),
    } as unknown as PushSubscription;
    return subscription;
  };
  const manager = { getSubscription: async () => subscription, subscribe };
  const device = new Device({
    storage: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    },
    permission: () => permission,
    askPermission: async () => {
      permission = answer;
      return answer;
    },
    find: async () => manager,
    register: async () => manager,
    server: {
      getKey: async () => key,
      add: async ({ endpoint }) => {
        if (isDown) throw new TypeError('no network');
        const id = `id of ${endpoint}`;
        rows.set(id, endpoint);
        return { id };
      },
      remove: async (id) => {
        if (isDown) throw new TypeError('no network');
        rows.delete(id);
      },
    },
  });
  return {
    device,
    rows,
    kept,
    endpoint: () => subscription?.endpoint ?? null,
    lose: () => {
      subscription = null;
    },
    answers: (with_: NotificationPermission) => {
      answer = with_;
      permission = with_;
    },
    hasKey: (now: string | null) => {
      key = now;
    },
    isDown: (now: boolean) => {
      isDown = now;
    },
  };
}

it('is told from when it is turned on until it is turned off', async () => {
  const { device, rows, endpoint } = world();
  await device.turnOn('ada');
  expect([...rows.values()]).toEqual([endpoint()]);
  expect([device.idFor('ada'), device.idFor('bo')]).toEqual(['id of https://push.test/1', null]);
  await device.turnOn('ada');
  expect(rows.size).toBe(1);
  await device.turnOff();
  expect([rows.size, endpoint(), device.idFor('ada')]).toEqual([0, null, null]);
});

it('says why it is not told, and keeps no half of it', async () => {
  const { device, kept, endpoint, answers, hasKey, isDown } = world();
  answers('denied');
  await expect(device.turnOn('ada')).rejects.toThrow(/does not let Weft/);
  answers('granted');
  hasKey(null);
  await expect(device.turnOn('ada')).rejects.toBeInstanceOf(PageError);
  hasKey(KEY);
  isDown(true);
  await expect(device.turnOn('ada')).rejects.toThrow('no network');
  expect([kept.size, endpoint()]).toEqual([0, null]);
});

it('ends in the browser also when the server does not answer', async () => {
  const { device, endpoint, isDown } = world();
  await device.turnOn('ada');
  isDown(true);
  await expect(device.turnOff()).rejects.toThrow('no network');
  expect(endpoint()).toBeNull();
});

it('tells nothing to whoever is logged in now, or to nobody', async () => {
  for (const now of ['bo', null]) {
    const { device, endpoint } = world();
    await device.turnOn('ada');
    await device.keep(now);
    expect([endpoint(), device.idFor('ada')]).toEqual([null, null]);
  }
});

it('goes on for whoever it was for, with another key or address where there is one', async () => {
  const { device, rows, endpoint, lose, hasKey, answers } = world();
  await device.keep('ada');
  expect(endpoint()).toBeNull();
  await device.turnOn('ada');
  await device.keep('ada');
  expect(endpoint()).toBe('https://push.test/1');
  hasKey(OTHER_KEY);
  await device.keep('ada');
  expect([endpoint(), ...rows.values()]).toEqual(['https://push.test/2', 'https://push.test/2']);
  lose();
  await device.keep('ada');
  expect([endpoint(), ...rows.values()]).toEqual(['https://push.test/3', 'https://push.test/3']);
  hasKey(null);
  await device.keep('ada');
  expect(endpoint()).toBe('https://push.test/3');
  hasKey(OTHER_KEY);
  answers('denied');
  await device.keep('ada');
  expect([endpoint(), rows.size]).toEqual([null, 0]);
});

it('knows the key of a subscription, however it is written', () => {
  const applicationServerKey = new Uint8Array([4, 4, 62, 255]).buffer;
  const options = { applicationServerKey, userVisibleOnly: true };
  expect([
    hasKey({ options }, 'BAQ-_w'),
    hasKey({ options }, 'BAQ-_w=='),
    hasKey({ options }, OTHER_KEY),
  ]).toEqual([true, true, false]);
  expect(hasKey({ options: { applicationServerKey: null, userVisibleOnly: true } }, KEY)).toBe(false);
});

it('asks for the home screen on iPhones and iPads alone, and not when it is there', () => {
  const [iphone, mac, linux] = [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15',
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  ];
  expect(needsHomeScreen({ userAgent: iphone, maxTouchPoints: 5, standalone: false })).toBe(true);
  expect(needsHomeScreen({ userAgent: iphone, maxTouchPoints: 5, standalone: true })).toBe(false);
  // An iPad says that it is a Mac.
  expect(needsHomeScreen({ userAgent: mac, maxTouchPoints: 5, standalone: false })).toBe(true);
  expect(needsHomeScreen({ userAgent: mac, maxTouchPoints: 0 })).toBe(false);
  expect(needsHomeScreen({ userAgent: linux, maxTouchPoints: 10 })).toBe(false);
});
