/** Looks again and again while there is something to see: never twice at once, and not while nobody looks. */

/** After what time a failed look is repeated. */
const AFTER_FAILURE_MS = 5_000;

export interface Timers {
  readonly set: (run: () => void, ms: number) => unknown;
  readonly clear: (timer: unknown) => void;
  /** Whether the page is in front of somebody. */
  readonly isSeen: () => boolean;
}

const here: Timers = {
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  isSeen: () => document.visibilityState === 'visible',
};

export class Repeated {
  #timer: unknown = null;
  #isRunning = false;
  #isAskedAgain = false;
  #isStopped = false;

  /** `look` says after what time it is worth looking again, if ever; what it throws is a reason to look later. */
  constructor(
    private readonly look: () => Promise<number | null>,
    private readonly timers: Timers = here,
  ) {}

  /** Looks at once; if it is looking, once more after that. */
  now(): void {
    if (this.#isStopped) return;
    if (this.#isRunning) {
      this.#isAskedAgain = true;
      return;
    }
    this.timers.clear(this.#timer);
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.timers.clear(this.#timer);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const wait = await this.look().catch(() => AFTER_FAILURE_MS);
    this.#isRunning = false;
    if (this.#isStopped) return;
    if (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      void this.#run();
    } else if (wait !== null) {
      this.#later(wait);
    }
  }

  #later(ms: number): void {
    this.#timer = this.timers.set(() => {
      if (this.timers.isSeen()) void this.#run();
      else this.#later(ms);
    }, ms);
  }
}
