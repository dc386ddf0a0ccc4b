/** All endpoints of a workspace, and how each does. */

import { chooser as workspaceChooser } from '../app/chooser';
import { wordsOf } from '../app/lists';
import type { OpenPage } from '../app/router';
import type { Shell } from '../app/shell';
import { fill, h, whenSeen } from '../ui/dom';
import { icon } from '../ui/icons';
import { toast } from '../ui/voice';
import { countWords, sentence } from '../ui/words';
import { badge } from './badge';
import { type Endpoint, getStats, listEndpoints, managedWorkspaces, readSecret, type Stats } from './calls';
import { openNewEndpoint } from './endpoint-form';
import { typesWords } from './event-groups';
import { healthOf } from './health';
import { showSecret } from './secret-dialog';
import './webhooks.css';

export async function openEndpointList(shell: Shell): Promise<OpenPage> {
  const workspaces = await managedWorkspaces(shell.api, shell.user.id);
  const asked = new URLSearchParams(location.search).get('workspace');
  const first = workspaces.find(({ id }) => id === asked) ?? workspaces[0];
  const page = { title: 'Webhooks', close() {} };
  if (first === undefined) {
    const words = 'Webhooks are for the administrators of a workspace, and you administer none.';
    return { ...page, element: h('div', { class: 'page-message' }, h('p', {}, words)) };
  }
  let workspace = first.id;
  const list = h('ul', { class: 'endpoints' });
  const show = async () => drawList(shell, list, await listEndpoints(shell.api, workspace));
  await show();
  const make = h(
    'button',
    { type: 'button', class: 'primary', 'data-testid': 'new-endpoint' },
    'New endpoint',
  );
  make.addEventListener('click', async () => {
    make.disabled = true;
    await openNewEndpoint(shell, workspace, (endpoint) => void welcome(shell, endpoint)).catch(said);
    make.disabled = false;
  });
  const chooser = workspaceChooser('Workspace', workspaces, workspace, (chosen) => {
    workspace = chosen;
    history.replaceState(null, '', `/webhooks?workspace=${chosen}`);
    void show().catch(said);
  });
  return {
    ...page,
    element: h(
      'div',
      { class: 'webhooks' },
      h('div', { class: 'page-head' }, h('h1', {}, 'Webhooks'), chooser, make),
      h(
        'p',
        { class: 'hint' },
        'What happens in a workspace is sent to these addresses, signed by the rules of Standard Webhooks.',
      ),
      list,
    ),
  };
}

function said(error: unknown): void {
  toast(sentence(wordsOf(error)));
}

/** A new endpoint is there: its secret is shown, then the endpoint itself. */
async function welcome(shell: Shell, { id }: Endpoint): Promise<void> {
  const open = () => shell.go(`/webhooks/${id}`);
  try {
    const secret = await readSecret(shell.api, id);
    showSecret(
      secret,
      'Messages are signed with this secret, so that your receiver can tell them from others.',
      open,
    );
  } catch {
    open();
    toast('The endpoint is made, but its secret could not be read. Change the secret to see one.');
  }
}

function drawList(shell: Shell, list: HTMLElement, endpoints: readonly Endpoint[]): void {
  if (endpoints.length === 0) {
    const words = 'There is no endpoint yet. Make one, and it is told what happens from then on.';
    fill(list, h('li', { class: 'hint empty' }, words));
    return;
  }
  fill(list, ...endpoints.map((endpoint) => endpointItem(shell, endpoint)));
}

function endpointItem(shell: Shell, endpoint: Endpoint): HTMLElement {
  const mark = h('span', { class: 'endpoint-mark' });
  const numbers = h('small', {});
  const draw = (stats: Stats | null) => {
    fill(mark, badge(healthOf(endpoint, stats, Date.now())));
    if (stats !== null) numbers.textContent = statsWords(stats);
  };
  draw(null);
  // The list does not wait for the figures, and nobody asks for those of endpoints that are not in sight.
  whenSeen(mark, () => void getStats(shell.api, endpoint.id).then(draw, () => {}));
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'endpoint', href: `/webhooks/${endpoint.id}` },
      h('span', { class: 'endpoint-icon' }, icon('hook')),
      h(
        'span',
        { class: 'endpoint-words' },
        h('span', { class: 'endpoint-url' }, endpoint.url),
        endpoint.description === ''
          ? null
          : h('span', { class: 'endpoint-description' }, endpoint.description),
        h('small', {}, typesWords(endpoint.event_types), placesWords(endpoint.project_ids)),
        numbers,
      ),
      mark,
    ),
  );
}

export function placesWords(projects: readonly string[]): string {
  return projects.length === 0 ? '' : ` · ${countWords(projects.length, 'project', 'projects')}`;
}

function statsWords({ succeeded, pending, failed, dead }: Stats): string {
  return [
    countWords(succeeded, 'delivered', 'delivered'),
    pending + failed > 0 ? countWords(pending + failed, 'waiting', 'waiting') : '',
    dead > 0 ? countWords(dead, 'given up', 'given up') : '',
  ]
    .filter(Boolean)
    .join(' · ');
}
