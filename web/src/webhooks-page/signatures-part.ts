/** The choice of signatures in the form of an endpoint. That of the secret is always there. */
import { h } from '../ui/dom';
import { isSignedOpenly, type Signature } from './signatures';

export interface SignaturesPart {
  readonly element: HTMLElement;
  read(): Signature[];
}

export function signaturesPart(now: readonly Signature[]): SignaturesPart {
  const hasKey = isSignedOpenly(now);
  const openly = h('input', { type: 'checkbox', name: 'signatures', checked: hasKey });
  const words = hasKey
    ? 'Receivers verify by the public key. Without these signatures the key is forgotten, and those who verify by it refuse what comes.'
    : 'Messages get a second signature (v1a), which everybody with the public key can verify, and nobody can make with it.';
  const hint = h('p', { class: 'hint', id: 'signatures-hint' }, words);
  openly.setAttribute('aria-describedby', hint.id);
  return {
    element: h(
      'fieldset',
      { class: 'choice-set' },
      h('legend', {}, 'Signatures'),
      h('label', { class: 'check-line' }, openly, 'Sign with a key of its own, too'),
      hint,
    ),
    read: () => (openly.checked ? ['v1', 'v1a'] : ['v1']),
  };
}
