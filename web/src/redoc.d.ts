declare module 'redoc/bundles/redoc.standalone.js' {
  /** Shows the description at `url` in `place`. */
  export function init(url: string, options: Record<string, unknown>, place: HTMLElement): void;
}
