/** A button that puts a text into the clipboard, and says so. */
import { h } from './dom';
import { icon } from './icons';
import { announce } from './voice';

const SAID_MS = 2_000;

export function copyButton(text: () => string, label = 'Copy'): HTMLButtonElement {
  const words = h('span', {}, label);
  const button = h('button', { type: 'button', class: 'tool framed' }, icon('copy'), words);
  button.addEventListener('click', async () => {
    // Without the clipboard (a page that is not served safely has none) people select it themselves.
    const isCopied = await navigator.clipboard?.writeText(text()).then(
      () => true,
      () => false,
    );
    words.textContent = isCopied ? 'Copied' : 'Select and copy it';
    announce(isCopied ? 'Copied' : 'It could not be copied. Select and copy it.');
    setTimeout(() => {
      words.textContent = label;
    }, SAID_MS);
  });
  return button;
}
