/**
 * Elements by function. Text only ever becomes text nodes: nothing that somebody wrote is read as markup.
 */

export type Child = Node | string | null | undefined | false;

type Listeners = { readonly [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void };
type Attributes = Readonly<Record<string, string | number | boolean | null | undefined | Listeners>> & {
  readonly on?: Listeners;
};

/** An element with attributes (`true` is an empty one, `false` and `null` none), listeners under `on`, and children. */
export function h<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag);
  const { on, ...rest } = attributes;
  for (const [name, value] of Object.entries(rest)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  for (const [type, listener] of Object.entries(on ?? {})) {
    element.addEventListener(type, listener as EventListener);
  }
  element.append(...kept(children));
  return element;
}

function kept(children: readonly Child[]): (Node | string)[] {
  return children.filter((child): child is Node | string => child != null && child !== false);
}

/** Puts `children` in place of what is there. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...kept(children));
}

/** Writes only what differs, so that nothing is drawn or read out again for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

type Moving = Element & { moveBefore?: (node: Node, child: Node | null) => void };

/** Puts a child before another one, keeping its focus and the like where the browser can. */
function place(list: Moving, child: Node, before: Node | null): void {
  if (list.moveBefore !== undefined && list.isConnected && child.isConnected) list.moveBefore(child, before);
  else list.insertBefore(child, before);
}

/**
 * Brings `wanted` into `list`, in this order, from wherever they are. What else is in there stays for now: it may be on
 * its way into another list. One that moved is moved, whatever the length of the list.
 */
export function placeChildren(list: Element, wanted: readonly Element[]): void {
  const staying = new Set<Node>(wanted);
  const next = (node: ChildNode | null): ChildNode | null => {
    let at = node;
    while (at !== null && !staying.has(at)) at = at.nextSibling;
    return at;
  };
  let at = next(list.firstChild);
  for (const element of wanted) {
    if (element === at) {
      at = next(at.nextSibling);
    } else if (at !== null && next(at.nextSibling) === element) {
      // Only `at` is elsewhere now; it comes when it is its turn.
      const moved: ChildNode = at;
      at = next(element.nextSibling);
      place(list, moved, null);
      at ??= moved;
    } else {
      place(list, element, at);
    }
  }
}

/** Takes away what is in `list` besides `wanted`. */
export function dropOthers(list: Element, wanted: readonly Element[]): void {
  if (list.childNodes.length === wanted.length) return;
  const staying = new Set<Node>(wanted);
  for (const child of [...list.childNodes]) if (!staying.has(child)) child.remove();
}

/** Makes `wanted` the children of `list`, touching few of them. */
export function arrangeChildren(list: Element, wanted: readonly Element[]): void {
  const focused = document.activeElement;
  placeChildren(list, wanted);
  dropOthers(list, wanted);
  if (focused instanceof HTMLElement && focused !== document.activeElement && list.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}

/** A whole field that grows with its text. */
export function growing(field: HTMLTextAreaElement): HTMLTextAreaElement {
  const fit = () => {
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
  };
  field.addEventListener('input', fit);
  queueMicrotask(fit);
  requestAnimationFrame(fit);
  return field;
}

let fields = 0;

/** A field under its label. */
export function labelled(label: string, field: HTMLElement): HTMLElement {
  fields += 1;
  field.id ||= `field-${fields}`;
  return h('div', { class: 'stacked' }, h('label', { for: field.id }, label), field);
}

/** Runs something once, when the element comes into sight. */
export function whenSeen(element: Element, run: () => void): void {
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    watcher.disconnect();
    run();
  });
  watcher.observe(element);
}
