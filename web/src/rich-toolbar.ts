/** The buttons above the rich text editor, with the state of the selection in them. */
import type { ChainedCommands, Editor } from '@tiptap/core';

interface Tool {
  readonly label: string;
  /** Keys, with `Mod` for Ctrl or Command. */
  readonly keys: string;
  /** SVG paths on a 20 by 20 field, or one or two letters. */
  readonly face: string;
  readonly run: (chain: ChainedCommands) => ChainedCommands;
  /** The node or mark that makes the button look pressed. */
  readonly active?: [name: string, attributes?: Record<string, unknown>];
}

const GROUPS: readonly (readonly Tool[])[] = [
  [
    {
      label: 'Undo',
      keys: 'Mod+Z',
      face: 'M7.5 4 4 7.5 7.5 11M4.5 7.5h7a4.25 4.25 0 0 1 0 8.5H8',
      run: (c) => c.undo(),
    },
    {
      label: 'Redo',
      keys: 'Mod+Shift+Z',
      face: 'M12.5 4 16 7.5 12.5 11M15.5 7.5h-7a4.25 4.25 0 0 0 0 8.5H12',
      run: (c) => c.redo(),
    },
  ],
  [
    { label: 'Bold', keys: 'Mod+B', face: 'B', run: (c) => c.toggleBold(), active: ['bold'] },
    { label: 'Italic', keys: 'Mod+I', face: 'I', run: (c) => c.toggleItalic(), active: ['italic'] },
    { label: 'Strike', keys: 'Mod+Shift+S', face: 'S', run: (c) => c.toggleStrike(), active: ['strike'] },
    {
      label: 'Inline code',
      keys: 'Mod+E',
      face: 'm7 6-4 4 4 4M13 6l4 4-4 4',
      run: (c) => c.toggleCode(),
      active: ['code'],
    },
  ],
  [
    {
      label: 'Heading H1',
      keys: 'Mod+Alt+1',
      face: 'H1',
      run: (c) => c.toggleHeading({ level: 1 }),
      active: ['heading', { level: 1 }],
    },
    {
      label: 'Heading H2',
      keys: 'Mod+Alt+2',
      face: 'H2',
      run: (c) => c.toggleHeading({ level: 2 }),
      active: ['heading', { level: 2 }],
    },
  ],
  [
    {
      label: 'Bullet list',
      keys: 'Mod+Shift+8',
      face: 'M8 5.5h9M8 10h9M8 14.5h9M3.5 5.5h.01M3.5 10h.01M3.5 14.5h.01',
      run: (c) => c.toggleBulletList(),
      active: ['bulletList'],
    },
    {
      label: 'Numbered list',
      keys: 'Mod+Shift+7',
      face: 'M9 5.5h8M9 10h8M9 14.5h8M3.2 4.2l1.3-.7v4M3 12.6c.4-1.1 2.4-1 2.4.2 0 .9-1.3 1.5-2.4 2.7h2.6',
      run: (c) => c.toggleOrderedList(),
      active: ['orderedList'],
    },
    {
      label: 'Quote',
      keys: 'Mod+Shift+B',
      face: 'M4 4.5v11M8 6.5h8.5M8 10h8.5M8 13.5h5',
      run: (c) => c.toggleBlockquote(),
      active: ['blockquote'],
    },
    {
      label: 'Code block',
      keys: 'Mod+Alt+C',
      face: 'M5 3.5h10a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2ZM8 8l-2 2 2 2M12 8l2 2-2 2',
      run: (c) => c.toggleCodeBlock(),
      active: ['codeBlock'],
    },
  ],
];

const onApple = /Mac|iP(hone|ad|od)/.test(navigator.userAgent);

function keysAsShown(keys: string): string {
  return onApple
    ? keys.replace('Mod', '⌘').replace('Shift', '⇧').replace('Alt', '⌥').replaceAll('+', '')
    : keys.replace('Mod', 'Ctrl');
}

function drawFace(tool: Tool): Element {
  if (tool.face.length <= 2) {
    const letters = document.createElement('span');
    letters.className = `face-${tool.face.toLowerCase()}`;
    letters.ariaHidden = 'true';
    letters.textContent = tool.face;
    return letters;
  }
  const picture = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  picture.setAttribute('viewBox', '0 0 20 20');
  picture.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', tool.face);
  picture.append(path);
  return picture;
}

function makeButton(editor: Editor, tool: Tool): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.tabIndex = -1;
  button.ariaLabel = tool.label;
  button.title = `${tool.label} (${keysAsShown(tool.keys)})`;
  button.append(drawFace(tool));
  button.addEventListener('mousedown', (event) => event.preventDefault()); // the selection stays in the editor
  button.addEventListener('click', () => tool.run(editor.chain().focus()).run());
  return button;
}

export function fillToolbar(toolbar: HTMLElement, editor: Editor): void {
  const buttons: { tool: Tool; button: HTMLButtonElement }[] = [];
  for (const tools of GROUPS) {
    const group = document.createElement('div');
    group.className = 'tool-group';
    for (const tool of tools) {
      const button = makeButton(editor, tool);
      group.append(button);
      buttons.push({ tool, button });
    }
    toolbar.append(group);
  }
  walkWithArrows(
    toolbar,
    buttons.map(({ button }) => button),
  );

  const refresh = () => {
    for (const { tool, button } of buttons) {
      // aria-disabled, not disabled: a button that loses its keyboard focus in use would lead nowhere.
      button.ariaDisabled = String(!editor.isEditable || !tool.run(editor.can().chain()).run());
      if (tool.active) button.ariaPressed = String(editor.isActive(...tool.active));
    }
  };
  editor.on('transaction', refresh);
  refresh();
}

/** One stop for the Tab key, arrows from there on: what keyboards expect of a toolbar or a row of tabs. */
export function walkWithArrows(row: HTMLElement, stops: readonly HTMLElement[]): void {
  const goTo = (place: number) => {
    const next = stops.at(place % stops.length);
    for (const stop of stops) stop.tabIndex = stop === next ? 0 : -1;
    next?.focus();
  };
  if (!stops.some((stop) => stop.tabIndex === 0) && stops[0]) stops[0].tabIndex = 0;
  row.addEventListener('keydown', (event) => {
    const here = stops.indexOf(event.target as HTMLElement);
    if (here < 0) return;
    if (event.key === 'ArrowRight') goTo(here + 1);
    else if (event.key === 'ArrowLeft') goTo(here - 1);
    else if (event.key === 'Home') goTo(0);
    else if (event.key === 'End') goTo(-1);
    else return;
    event.preventDefault();
  });
}
