/** The public key of an endpoint, by which everybody can verify what is sent to it. */
import { copyButton } from '../ui/copy';
import { h, labelled } from '../ui/dom';

export class PublicKey {
  readonly element: HTMLElement;
  readonly #field = h('input', {
    class: 'field secret',
    readonly: true,
    'data-testid': 'public-key',
    spellcheck: 'false',
    autocomplete: 'off',
  });

  constructor() {
    this.#field.addEventListener('focus', () => this.#field.select());
    const copy = copyButton(() => this.#field.value, 'Copy the public key');
    this.element = h(
      'div',
      { class: 'public-key', hidden: true },
      labelled('Public key, to verify v1a signatures', this.#field),
      copy,
    );
  }

  /** Writes only what differs, so that what somebody has selected stays selected. */
  draw(key: string | null | undefined): void {
    this.element.hidden = key == null;
    if (this.#field.value !== (key ?? '')) this.#field.value = key ?? '';
  }
}
