/** How many attempts a second may begin at an endpoint. Pure. */
import { countWords } from '../ui/words';

/** The highest limit, in attempts a second. */
const MOST_PER_SECOND = 1_000;

export const WHY_NOT_LIMIT = 'The limit must be a whole number from 1 to 1,000, or empty for none.';

/** The limit that somebody has typed; null for none, nothing if it is no limit. */
export function limitOf(text: string): number | null | undefined {
  const typed = text.trim();
  if (typed === '') return null;
  if (!/^\d{1,6}$/.test(typed)) return undefined;
  const limit = Number(typed);
  return limit >= 1 && limit <= MOST_PER_SECOND ? limit : undefined;
}

export function limitWords(limit: number | null | undefined): string {
  return limit == null ? 'No limit' : `At most ${countWords(limit, 'attempt', 'attempts')} a second`;
}
