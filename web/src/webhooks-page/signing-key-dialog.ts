/** Another key for an endpoint that is signed with one of its own. */
import { openFormDialog } from '../app/form-dialog';
import type { Shell } from '../app/shell';
import { h } from '../ui/dom';
import { toast } from '../ui/voice';
import { type Endpoint, rotateSigningKey } from './calls';

export function openChangeSigningKey(
  shell: Shell,
  endpoint: Endpoint,
  changed: (endpoint: Endpoint) => void,
): void {
  openFormDialog({
    title: 'Change the signing key?',
    action: 'Make a new key',
    isNarrow: true,
    fields: [
      h(
        'p',
        { class: 'hint' },
        'For a day messages are signed with both, the new key and the one before. Give everybody who verifies them the new public key in this time.',
      ),
    ],
    async submit() {
      const public_key = await rotateSigningKey(shell.api, endpoint.id);
      changed({ ...endpoint, public_key });
    },
    afterwards: () => toast('It has a new key. Its public key is shown above the deliveries.'),
  });
}
