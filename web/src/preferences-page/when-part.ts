/** When somebody is not disturbed, and whether mails come one by one or gathered. */
import type { Digest, NotificationPreferences, PreferencesPatch, QuietHours } from '../api/notifications';
import { h, labelled, setText } from '../ui/dom';
import { whyNotQuiet } from './words';

const DIGESTS: readonly (readonly [Digest, string])[] = [
  ['none', 'One by one'],
  ['hourly', 'Gathered, every hour'],
  ['daily', 'Gathered, every day'],
  ['weekly', 'Gathered, every week'],
];

const USUAL = { from: '22:00', to: '07:00' };

export function whenPart(
  kept: NotificationPreferences,
  change: (change: PreferencesPatch) => Promise<boolean>,
): HTMLElement {
  return h(
    'div',
    { class: 'when-part' },
    quietHours(kept.quiet_hours ?? null, (quiet_hours) => change({ quiet_hours })),
    kept.digest === undefined ? null : digest(kept.digest, (digest) => change({ digest })),
  );
}

function quietHours(
  kept: QuietHours | null,
  change: (hours: QuietHours | null) => Promise<boolean>,
): HTMLElement {
  let wasOn = kept !== null;
  const isOn = h('input', { type: 'checkbox', checked: wasOn });
  const from = h('input', { class: 'field', type: 'time', required: true });
  const to = h('input', { class: 'field', type: 'time', required: true });
  from.value = kept?.from.slice(0, 5) ?? USUAL.from;
  to.value = kept?.to.slice(0, 5) ?? USUAL.to;
  const zone = h(
    'select',
    { class: 'field' },
    ...zones(kept?.time_zone).map((name) => h('option', {}, name)),
  );
  zone.value = kept?.time_zone ?? ownZone();
  const said = h('p', { class: 'said wrong', role: 'alert' });
  const fields = h(
    'div',
    { class: 'quiet-fields' },
    labelled('From', from),
    labelled('To', to),
    labelled('Time zone', zone),
  );
  const send = async () => {
    fields.hidden = !isOn.checked;
    const wrong = isOn.checked ? whyNotQuiet(from.value, to.value) : null;
    setText(said, wrong ?? '');
    if (wrong !== null) return;
    const hours = isOn.checked ? { from: from.value, to: to.value, time_zone: zone.value } : null;
    if (await change(hours)) {
      wasOn = hours !== null;
    } else if (isOn.checked !== wasOn) {
      isOn.checked = wasOn;
      fields.hidden = !isOn.checked;
    }
  };
  fields.hidden = kept === null;
  for (const field of [isOn, from, to, zone]) field.addEventListener('change', () => void send());
  return h(
    'fieldset',
    { class: 'when-set' },
    h('legend', {}, 'Quiet hours'),
    h('p', { class: 'hint' }, 'For mails and what comes on devices. Your inbox is told at any hour.'),
    h('label', { class: 'check-line' }, isOn, 'Send me nothing in these hours; it comes after them'),
    fields,
    said,
  );
}

function digest(kept: Digest, change: (digest: Digest) => Promise<boolean>): HTMLElement {
  const select = h(
    'select',
    { class: 'field' },
    ...DIGESTS.map(([value, label]) => h('option', { value }, label)),
  );
  select.value = kept;
  let last = kept;
  select.addEventListener('change', async () => {
    const wanted = DIGESTS.find(([value]) => value === select.value)?.[0] ?? 'none';
    if (await change(wanted)) last = wanted;
    else select.value = last;
  });
  return h('fieldset', { class: 'when-set' }, h('legend', {}, 'Mails'), labelled('How they come', select));
}

function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** What the browser knows, and what is kept, which another browser may have known. */
function zones(kept: string | undefined): string[] {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  const all = new Set(['UTC', ownZone(), ...(kept === undefined ? [] : [kept]), ...known]);
  return [...all].sort();
}
