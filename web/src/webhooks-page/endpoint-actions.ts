/** What can be done with an endpoint besides trying it out. */
import { openFormDialog } from '../app/form-dialog';
import type { Shell } from '../app/shell';
import { h } from '../ui/dom';
import { openMenu } from '../ui/popover';
import { toast } from '../ui/voice';
import { changeEndpoint, deleteEndpoint, type Endpoint, rotateSecret } from './calls';
import { openEditEndpoint } from './endpoint-form';
import { openRecover } from './recovery';
import { showSecret } from './secret-dialog';
import { isSignedOpenly } from './signatures';
import { openChangeSigningKey } from './signing-key-dialog';

export interface EndpointActions {
  readonly shell: Shell;
  readonly endpoint: Endpoint;
  /** Says what goes wrong, and looks at the endpoint again after it. */
  busy(work: () => Promise<void>): Promise<void>;
  enable(): void;
  changed(endpoint: Endpoint): void;
  /** A recovery has begun. */
  recovering(id: string): void;
}

export function openActions(anchor: HTMLElement, actions: EndpointActions): void {
  const { is_disabled, id } = actions.endpoint;
  const { shell, busy, changed } = actions;
  openMenu(anchor, 'Endpoint', [
    { label: 'Change…', icon: 'pencil', run: () => void busy(() => openEditEndpoint(shell, id, changed)) },
    { label: 'Change the secret…', icon: 'key', run: () => rotate(actions) },
    {
      label: 'Change the signing key…',
      icon: 'key',
      disabled: !isSignedOpenly(actions.endpoint.signatures),
      run: () => openChangeSigningKey(shell, actions.endpoint, changed),
    },
    {
      label: 'Recover a time…',
      icon: 'restore',
      disabled: is_disabled,
      run: () => openRecovery(actions, null),
    },
    null,
    is_disabled
      ? { label: 'Enable', icon: 'power', run: () => actions.enable() }
      : { label: 'Disable', icon: 'power', run: () => void busy(() => disable(actions)) },
    { label: 'Delete…', icon: 'trash', danger: true, run: () => remove(actions) },
  ]);
}

/** Asks for a time; from `since` on if it was disabled then and is not any more. */
export function openRecovery({ shell, endpoint, recovering }: EndpointActions, since: string | null): void {
  const asked = { ...endpoint, disabled_at: since ?? endpoint.disabled_at ?? null };
  openRecover(shell, asked, ({ id }) => {
    // In the address, so that a reload still shows it.
    history.replaceState(null, '', `${location.pathname}?recovery=${id}`);
    recovering(id);
  });
}

function rotate({ shell, endpoint }: EndpointActions): void {
  const words =
    'For a day messages are signed with both, the new secret and the one before, so that your receiver can change over.';
  let secret = '';
  openFormDialog({
    title: 'Change the secret?',
    action: 'Make a new secret',
    isNarrow: true,
    fields: [h('p', { class: 'hint' }, words)],
    submit: async () => {
      secret = await rotateSecret(shell.api, endpoint.id);
    },
    afterwards: () => showSecret(secret, words),
  });
}

async function disable({ shell, endpoint, changed, enable }: EndpointActions): Promise<void> {
  changed(await changeEndpoint(shell.api, endpoint.id, { is_disabled: true }));
  toast('It is told nothing more.', { label: 'Enable', run: enable });
}

function remove({ shell, endpoint }: EndpointActions): void {
  openFormDialog({
    title: 'Delete the endpoint?',
    action: 'Delete the endpoint',
    isDangerous: true,
    isNarrow: true,
    fields: [
      h(
        'p',
        { class: 'hint' },
        'Nothing is sent to it any more, and what came of its deliveries is forgotten.',
      ),
      h('p', { class: 'mono' }, endpoint.url),
    ],
    submit: () => deleteEndpoint(shell.api, endpoint.id),
    afterwards: () => {
      shell.go(`/webhooks?workspace=${endpoint.workspace_id}`);
      toast('The endpoint is deleted.');
    },
  });
}
