/** Whether this browser is told, and which others are. */
import type { PushDevice } from '../api/notifications';
import { wordsOf } from '../app/lists';
import type { Shell } from '../app/shell';
import { getPushKey, listDevices, removeDevice } from '../notifications/calls';
import { DENIED, type Device, needsHomeScreen } from '../notifications/device';
import { fill, h, setText } from '../ui/dom';
import { timeElement } from '../ui/when';
import { sentence } from '../ui/words';

/** Null where the browser cannot be told whatever is done, or the server sends no Web Push. */
export async function devicePart(shell: Shell): Promise<HTMLElement | null> {
  const { api, device } = shell;
  if (device === null && !needsHomeScreen(navigator)) return null;
  if ((await getPushKey(api)) === null) return null;
  if (device === null) return homeScreenPart();
  const part = new DevicePart(shell, device);
  await part.load();
  return part.element;
}

function homeScreenPart(): HTMLElement {
  return h(
    'fieldset',
    { class: 'when-set', 'data-testid': 'devices' },
    h('legend', {}, 'Devices'),
    h(
      'p',
      { class: 'hint' },
      'An iPhone or iPad shows what you want on devices once Weft is on its home screen: choose “Share” and “Add to ' +
        'Home Screen” in Safari, open Weft from there, and come back to this page.',
    ),
  );
}

class DevicePart {
  readonly element: HTMLElement;
  /** What is done here is done one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  readonly #switch = h('input', { type: 'checkbox', role: 'switch' });
  readonly #said = h('p', { class: 'said', role: 'status' });
  readonly #list = h('ul', { class: 'device-list', 'aria-label': 'Your devices' });

  constructor(
    private readonly shell: Shell,
    private readonly device: Device,
  ) {
    this.#switch.addEventListener('change', () => {
      const { checked } = this.#switch;
      this.#do(() => (checked ? device.turnOn(shell.user.id) : device.turnOff()), '');
    });
    if (device.isDenied) this.#say(DENIED, false);
    this.element = h(
      'fieldset',
      { class: 'when-set', 'data-testid': 'devices' },
      h('legend', {}, 'Devices'),
      h('p', { class: 'hint' }, 'A device shows what you want on devices also when Weft is not open there.'),
      h('label', { class: 'check-line' }, this.#switch, 'Notify me on this device'),
      this.#said,
      this.#list,
    );
  }

  async load(): Promise<void> {
    const devices = await listDevices(this.shell.api);
    const own = this.device.idFor(this.shell.user.id);
    const isOn = devices.some(({ id }) => id === own);
    // Somebody has removed it elsewhere.
    if (own !== null && !isOn) await this.device.end();
    this.#switch.checked = isOn;
    this.#list.hidden = devices.length === 0;
    fill(this.#list, ...devices.map((device) => this.#row(device, own)));
  }

  #say(words: string, isGood: boolean): void {
    setText(this.#said, words);
    this.#said.classList.toggle('wrong', !isGood);
  }

  /** What comes of it is drawn as the server has it, also when it went wrong. */
  #do(work: () => Promise<void>, done: string): void {
    this.#queue = this.#queue.then(async () => {
      try {
        await work();
        this.#say(done, true);
      } catch (error) {
        this.#say(sentence(wordsOf(error)), false);
      }
      await this.load().catch((error) => this.#say(sentence(wordsOf(error)), false));
    });
  }

  #row({ id, host, created_at }: PushDevice, own: string | null): HTMLElement {
    const isOwn = id === own;
    const remove = h('button', { type: 'button', class: 'tool framed' }, 'Remove');
    const words = h(
      'div',
      { id: `device-${id}` },
      h('strong', {}, host),
      h('small', {}, isOwn ? 'This device, added ' : 'Added ', timeElement(created_at)),
    );
    remove.setAttribute('aria-describedby', words.id);
    remove.addEventListener('click', () => {
      // The row goes, and its button with it.
      this.#switch.focus();
      this.#do(() => (isOwn ? this.device.turnOff() : removeDevice(this.shell.api, id)), 'Removed.');
    });
    return h('li', {}, words, remove);
  }
}
