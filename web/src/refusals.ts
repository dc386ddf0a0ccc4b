/** What the server's reasons mean to the person who is writing. The codes are stable; see `protocol/src/close.rs`. */

const SENTENCES: Readonly<Record<string, string>> = {
  'server-restart': 'The server is restarting. Your edits are kept here and go out when it is back.',
  'storage-unavailable':
    'The server cannot write to its disk at the moment. Your edits are kept here; do not close this page.',
  'document-quarantined':
    'What is stored of this document is damaged, so the server has locked it. Nothing has been changed; whoever runs the server can look with “weft doctor”.',
  'document-full':
    'As many people as this document may have are here already. You get in when somebody leaves.',
  'server-full': 'The server has as many visitors as it takes. You get in when somebody leaves.',
  'document-too-large':
    'This document has reached its largest size. Your latest edits could not be saved: copy them before you close this page.',
  'message-too-large':
    'That was too much at once for the server. Your latest edits could not be saved: copy them before you close this page.',
  'update-refused': 'The server refused an edit of this page. Copy what you need, then reload.',
  'nested-too-deep': 'The server refused an edit that is nested too deep. Copy what you need, then reload.',
  'document-renewed':
    'This board was tidied up while you were away. Your latest edits could not be saved: copy them, then reload.',
  unauthorized: 'This server wants a valid token: add #token=… to the address.',
  forbidden: 'Your token does not open this document.',
  'invalid-document-name': 'A document cannot have this name.',
  'token-unavailable': 'The server could not be asked whether you may open this. Trying again.',
  'authentication-timeout': 'Signing in took too long. Trying again.',
  unresponsive: 'The connection went silent. Trying again.',
  'malformed-message': 'The server could not read what this page sent. Trying again.',
  'internal-error': 'The server made a mistake. Your edits are kept here; trying again.',
};

/** Reasons that stay as they are until somebody changes the address, the token or the document. */
const FINAL = new Set([
  'unauthorized',
  'forbidden',
  'invalid-document-name',
  'message-too-large',
  'document-too-large',
  'update-refused',
  'nested-too-deep',
  'document-renewed',
]);

/** Whether asking again later, with the same token and the same edits, can succeed. */
export function passes(reason: string): boolean {
  return !FINAL.has(reason);
}

/** What some reasons mean to somebody with an account, who knows of no tokens. */
const FOR_ACCOUNTS: Readonly<Record<string, string>> = {
  unauthorized: SENTENCES['token-unavailable'] ?? '',
  forbidden: 'You may not open this any more, or it is not there any more.',
};

/** A sentence for a reason, for somebody with an account. */
export function explainToAccount(reason: string): string | null {
  return Object.hasOwn(FOR_ACCOUNTS, reason) ? (FOR_ACCOUNTS[reason] ?? null) : explain(reason);
}

/** A sentence for a reason; none where the connection ended without one, which the save mark tells well enough. */
export function explain(reason: string): string | null {
  if (reason === '') return null;
  // Own properties only: a reason comes from outside and could be named like one of Object's.
  return Object.hasOwn(SENTENCES, reason)
    ? (SENTENCES[reason] ?? null)
    : `The server refused this document: ${reason.slice(0, 120)}.`;
}
