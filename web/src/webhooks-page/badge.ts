/** A standing as a small mark: its word, never its colour alone. */
import { h } from '../ui/dom';
import type { Standing } from './health';

export function badge({ tone, label, explanation }: Standing): HTMLElement {
  return h('span', { class: `badge ${tone}`, title: explanation }, label);
}
