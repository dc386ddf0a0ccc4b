/** Words in a row. */

/** Words of the server as a sentence. */
export function sentence(words: string): string {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return text === '' || /[.!?…]$/.test(text) ? text : `${text}.`;
}

export function countWords(count: number, one: string, many: string): string {
  return `${new Intl.NumberFormat().format(count)} ${count === 1 ? one : many}`;
}
