/** How messages to an endpoint are signed. Pure. */
import type { Endpoint } from './calls';

export type Signature = Endpoint['signatures'][number];

/** Whether everybody who has the public key can verify them. */
export function isSignedOpenly(signatures: readonly Signature[]): boolean {
  return signatures.includes('v1a');
}

export function signaturesWords(signatures: readonly Signature[]): string {
  return isSignedOpenly(signatures)
    ? 'With the secret (v1) and with a key of its own (v1a)'
    : 'With the secret (v1)';
}
