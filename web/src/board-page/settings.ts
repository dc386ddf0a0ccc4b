/** What somebody wants of boards in this browser. */

const KEYS = 'weft.board.keys';

/** Whether single letters do something. */
export function keysAreOn(): boolean {
  try {
    return localStorage.getItem(KEYS) !== 'off';
  } catch {
    return true; // storage that is switched off must not cost anybody the keys
  }
}

export function switchKeys(on: boolean): void {
  try {
    localStorage.setItem(KEYS, on ? 'on' : 'off');
  } catch {
    // then it is forgotten with this page
  }
}
