/** Which page an address shows. */
import type { IconName } from '../ui/icons';
import type { Shell } from './shell';

/** A page that is open. */
export interface OpenPage {
  readonly title: string;
  readonly element: HTMLElement;
  /** Whether it has the whole window for itself, and scrolls inside. */
  readonly isFull?: boolean;
  close(): void;
}

export interface PageKind {
  /** The address; its groups are the parameters. */
  readonly path: RegExp;
  /** Opens it, loading its code first. */
  readonly open: (shell: Shell, parameters: readonly string[]) => Promise<OpenPage>;
  /** How the navigation leads there, if it does. */
  readonly link?: Way;
  /** How the menu of the account leads there, if it does: for what is needed less often. */
  readonly menu?: Way;
}

/** What stands in the bar for as long as somebody is logged in. */
export interface BarItem {
  readonly element: HTMLElement;
  close(): void;
}

/** What leads to a page. */
export interface Way {
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
}

export interface Found {
  readonly kind: PageKind;
  readonly parameters: readonly string[];
}

export function findPage(kinds: readonly PageKind[], path: string): Found | null {
  const tidy = path.replace(/\/+$/, '') || '/';
  for (const kind of kinds) {
    const found = kind.path.exec(tidy);
    if (found !== null) return { kind, parameters: found.slice(1).map((part) => decoded(part ?? '')) };
  }
  return null;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray `%`: take it as it stands
  }
}
