/** The description: the rich text editor on the card's own fragment, with everybody's cursors. */
import type { Editor } from '@tiptap/core';
import * as Y from 'yjs';
import { fill, h } from '../../ui/dom';
import type { BoardContext } from '../context';
import { type Part, section } from './part';

export function descriptionPart({ store, connection }: BoardContext, id: string): Part {
  const mount = h('div', { class: 'card-desc', 'data-testid': 'card-description' });
  const toolbar = h('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Formatting' });
  const box = h('div', { class: 'card-desc-box' }, toolbar, mount);
  const element = section('text', 'Description', box);
  const fragment = store.shared(id)?.get('desc');
  let editor: Editor | null = null;
  let isGone = false;
  // Somebody else's program may have put anything there.
  if (fragment instanceof Y.XmlFragment && fragment.constructor === Y.XmlFragment) {
    void Promise.all([import('../../rich-editor'), import('../../rich-toolbar')]).then(([rich, tools]) => {
      if (isGone) return;
      editor = rich.openFragmentEditor({
        connection,
        fragment,
        mount,
        label: 'Description of the card',
        placeholder: 'What is it about?',
      });
      tools.fillToolbar(toolbar, editor);
    });
  } else {
    fill(mount, h('p', { class: 'hint' }, 'This description is of a kind that cannot be shown.'));
  }
  // Escape leaves the text first, and the dialog only after that.
  mount.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    editor?.commands.blur();
    element.closest('dialog')?.focus();
  });
  return {
    element,
    draw() {
      toolbar.hidden = !store.isWritable;
    },
    destroy() {
      isGone = true;
      editor?.destroy();
    },
  };
}
