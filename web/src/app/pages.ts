/**
 * The pages for people with accounts, and what stands in their bar. A new page is an entry here, a module of its own
 * beside the others, and a route of the server (`server/src/http/page.rs`).
 */
import { bell } from '../notifications/bell';
import type { BarItem, PageKind } from './router';
import type { Shell } from './shell';

export const PAGES: readonly PageKind[] = [
  {
    path: /^\/boards$/,
    open: async (shell) => (await import('./board-list')).openBoardList(shell),
    link: { href: '/boards', label: 'Boards', icon: 'board' },
  },
  {
    path: /^\/boards\/([^/]+)$/,
    open: async (shell, [id = '']) => (await import('./board-page')).openBoardPage(shell, id),
  },
  {
    path: /^\/tasks\/([^/]+)$/,
    open: async (shell, [id = '']) => (await import('./task-page')).openTaskPage(shell, id),
  },
  {
    path: /^\/documents\/([^/]+)$/,
    open: async (shell, [id = '']) => (await import('./document-page')).openDocumentPage(shell, id),
  },
  {
    path: /^\/inbox$/,
    open: async (shell) => (await import('../inbox-page/inbox')).openInbox(shell),
    link: { href: '/inbox', label: 'Inbox', icon: 'inbox' },
  },
  {
    path: /^\/preferences$/,
    open: async (shell) => (await import('../preferences-page/preferences')).openPreferences(shell),
    menu: { href: '/preferences', label: 'Notification preferences', icon: 'settings' },
  },
  {
    path: /^\/webhooks$/,
    open: async (shell) => (await import('../webhooks-page/endpoint-list')).openEndpointList(shell),
    menu: { href: '/webhooks', label: 'Webhooks', icon: 'hook' },
  },
  {
    path: /^\/webhooks\/([^/]+)$/,
    open: async (shell, [id = '']) =>
      (await import('../webhooks-page/endpoint-page')).openEndpointPage(shell, id),
  },
];

/** What stands in the bar of every page, such as a bell: made once for each login. */
export const BAR: readonly ((shell: Shell) => BarItem)[] = [bell];
