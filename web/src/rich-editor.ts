/**
 * The rich text editor: Tiptap on an XML fragment of a shared document.
 */
import { Editor } from '@tiptap/core';
import { Collaboration } from '@tiptap/extension-collaboration';
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret';
import { Placeholder } from '@tiptap/extensions';
import { StarterKit } from '@tiptap/starter-kit';
import type { XmlFragment } from 'yjs';
import type { DocumentConnection } from './document-connection';
import type { EditorSession } from './editor-session';

export const RICH_TEXT_FIELD = 'prosemirror';

export interface RichEditorOptions {
  readonly connection: DocumentConnection;
  readonly fragment: XmlFragment;
  /** The empty element that the editor fills. */
  readonly mount: HTMLElement;
  readonly label: string;
  readonly placeholder: string;
}

/** An editor of `fragment`, which takes edits as long as the server does. Destroying it ends that, too. */
export function openFragmentEditor(options: RichEditorOptions): Editor {
  const { connection } = options;
  const editor = new Editor({
    element: options.mount,
    editable: connection.isWritable,
    editorProps: {
      attributes: { 'aria-label': options.label, 'aria-multiline': 'true', role: 'textbox' },
    },
    extensions: [
      // Undo is the collaborative one, which takes back only one's own edits. The trailing paragraph stays out:
      // every client would add its own to the shared document.
      StarterKit.configure({ undoRedo: false, trailingNode: false, link: { openOnClick: false } }),
      Placeholder.configure({ placeholder: options.placeholder }),
      Collaboration.configure({ fragment: options.fragment }),
      CollaborationCaret.configure({
        provider: connection.provider,
        selectionRender: (user) => ({ class: 'peer-selection', style: `background-color: ${user.color}33` }),
      }),
    ],
  });
  connection.introduce(connection.me); // the extension has introduced nobody
  const stop = connection.onChange(() => {
    if (editor.isEditable !== connection.isWritable) editor.setEditable(connection.isWritable);
  });
  editor.on('destroy', stop);
  return editor;
}

export interface RichEditorSession extends EditorSession {
  readonly editor: Editor;
}

/** The editor of the document's own text; `data-synced` of its element tells whether the document has arrived. */
export function openRichEditor(
  connection: DocumentConnection,
  mount: HTMLElement,
  placeholder = 'Write something. Everybody with the link sees it as you type.',
): RichEditorSession {
  const editor = openFragmentEditor({
    connection,
    fragment: connection.doc.getXmlFragment(RICH_TEXT_FIELD),
    mount,
    label: 'Rich text of this document',
    placeholder,
  });
  connection.onChange(() => {
    mount.dataset.synced = String(connection.isSynced);
  });
  return {
    editor,
    awareness: connection.awareness,
    link: () => connection.link(),
    notice: () => connection.notice,
    introduce: (me) => connection.introduce(me),
    focus: () => editor.commands.focus(),
  };
}
