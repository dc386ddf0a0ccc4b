/** The mark that says saved, saving or offline, wherever a page has put it. */
import { combine, type Link, type SaveState, wording } from './save-state';

/** How long the words may lag behind, so that quick saves leave them in peace. */
const WORDS_LAG_MS = 250;

export class SaveMark {
  #wordsAreDue = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly links: () => readonly Link[],
  ) {}

  get state(): SaveState {
    return combine(this.links());
  }

  /** Something has changed. `data-save-state` says so at once. */
  show(): void {
    this.element.dataset.saveState = this.state;
    if (!this.#wordsAreDue) setTimeout(() => this.#showWords(), WORDS_LAG_MS);
    this.#wordsAreDue = true;
  }

  #showWords(): void {
    this.#wordsAreDue = false;
    const words = wording(this.links());
    this.element.dataset.shown = this.state;
    this.element.title = words.explanation;
    if (this.element.textContent !== words.label) this.element.textContent = words.label;
  }
}
