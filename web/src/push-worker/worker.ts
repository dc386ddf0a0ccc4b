/**
 * Shows what the server pushes, also when no page is open. It stands between no page and the server: it has no `fetch`.
 *
 * It is built into one file at the root, so that every page is in its scope, and so has no module in common with the pages.
 */
import { shownOf } from './message';
import type { WorkerScope } from './scope';

const scope = self as unknown as WorkerScope;
const { origin } = scope.location;

scope.addEventListener('install', (event) => {
  // A newer one has nothing to wait for.
  event.waitUntil(scope.skipWaiting());
});

scope.addEventListener('push', (event) => {
  const { title, body, tag, url } = shownOf(event.data?.text() ?? null, origin);
  // What takes another's place is news as well, so it makes itself heard again.
  const options = { body, tag, renotify: true, dir: 'auto', data: url } as const;
  event.waitUntil(scope.registration.showNotification(title, options));
});

scope.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(String(event.notification.data)));
});

/** In a tab that was opened there, if there is one. It may show another page by now, so it is told to go there. */
async function open(href: string): Promise<void> {
  const tabs = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const tab = tabs.find(({ url }) => url === href);
  if (tab === undefined) {
    await scope.clients.openWindow(href);
    return;
  }
  tab.postMessage({ kind: 'open', url: href });
  await tab.focus();
}
