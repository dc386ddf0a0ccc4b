/**
 * Undo and redo of what was done on this page, and of nothing else.
 *
 * Registers go back to what they were, which Yjs does. What was created is deleted again as everything is: by a stamp.
 * So what others have put into it meanwhile lies in the trash with it, and redo brings both back.
 */
import * as Y from 'yjs';

const ROOTS = ['columns', 'lanes', 'labels', 'fields', 'cards', 'links'] as const;

/** Keys that are pressed within this time go back together. */
const TYPING_MS = 700;

/** Something that is undone by doing something else. */
interface Command {
  readonly undo: () => void;
  readonly redo: () => void;
}

type Step = Command | 'edit';

export class History {
  readonly #manager: Y.UndoManager;
  #done: Step[] = [];
  #undone: Step[] = [];
  #typing: string | null = null;

  /** `origin` is that of the transactions which can be undone; `onChange` hears when there is more or less to undo. */
  constructor(
    doc: Y.Doc,
    origin: unknown,
    private readonly onChange: () => void,
  ) {
    this.#manager = new Y.UndoManager(
      ROOTS.map((name) => doc.getMap(name)),
      { doc, trackedOrigins: new Set([origin]), captureTimeout: TYPING_MS },
    );
    this.#manager.on('stack-item-added', ({ type, origin: by }) => {
      if (type !== 'undo' || by === this.#manager) return;
      this.#done.push('edit');
      this.#undone = [];
      this.onChange();
    });
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** The next edit is a step of its own, unless it types on in the same `field`. */
  begin(field: string | null = null): void {
    if (field === null || field !== this.#typing) this.#manager.stopCapturing();
    this.#typing = field;
  }

  /** Something was created, and can be taken back by what `command` says. */
  created(command: Command): void {
    this.begin();
    this.#manager.clear(false, true);
    this.#done.push(command);
    this.#undone = [];
    this.onChange();
  }

  undo(): void {
    this.#turn(this.#done, this.#undone, 'undo');
  }

  redo(): void {
    this.#turn(this.#undone, this.#done, 'redo');
  }

  destroy(): void {
    this.#manager.destroy();
  }

  #turn(from: Step[], to: Step[], way: 'undo' | 'redo'): void {
    this.begin();
    for (let step = from.pop(); step !== undefined; step = from.pop()) {
      const didSomething = step === 'edit' ? this.#turnEdit(way) : this.#turnCommand(step, way);
      if (!didSomething) continue; // others have overwritten it: then the step before
      to.push(step);
      break;
    }
    this.onChange();
  }

  /** One edit and no more: by itself Yjs goes on to the next when one has no effect. */
  #turnEdit(way: 'undo' | 'redo'): boolean {
    const stack = way === 'undo' ? this.#manager.undoStack : this.#manager.redoStack;
    const rest = stack.splice(0, Math.max(0, stack.length - 1));
    try {
      return this.#manager[way]() !== null;
    } finally {
      stack.unshift(...rest);
    }
  }

  #turnCommand(command: Command, way: 'undo' | 'redo'): boolean {
    try {
      command[way]();
      return true;
    } catch {
      return false; // it is gone for good, or there is no room for it
    }
  }
}
