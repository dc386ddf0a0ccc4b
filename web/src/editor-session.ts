/** What the page needs to know of an editor, whichever protocol it speaks. */
import type { Awareness } from 'y-protocols/awareness';
import type { DocumentAddress } from './document-address';
import type { Person } from './identity';
import type { Link } from './save-state';

export interface EditorOptions {
  readonly address: DocumentAddress;
  /** Who writes here, to begin with. */
  readonly me: Person;
  /** The empty element that the editor fills; its `data-synced` tells whether the document has arrived. */
  readonly mount: HTMLElement;
  /** Called whenever `link` or `notice` may have changed. */
  readonly onChange: () => void;
}

export interface EditorSession {
  readonly awareness: Awareness;
  link(): Link;
  /** A sentence for the person who writes, while the server refuses something. */
  notice(): string | null;
  /** Tells the others who writes here. */
  introduce(me: Person): void;
  focus(): void;
}
