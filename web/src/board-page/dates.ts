/** Days as people say them. A moment of a board is a day, or a time of UTC. */

const DAY_MS = 86_400_000;

export type Nearness = 'past' | 'today' | 'soon' | 'later';

/** The day of a moment, where the reader is. */
export function dayOf(moment: string): string {
  return moment.length > 10 ? localDay(new Date(moment)) : moment;
}

export function localDay(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const asUtc = (day: string) => Date.parse(`${day}T00:00:00Z`);

export function nearness(moment: string, today: string): Nearness {
  const days = Math.round((asUtc(dayOf(moment)) - asUtc(today)) / DAY_MS);
  if (days < 0) return 'past';
  if (days === 0) return 'today';
  return days <= 2 ? 'soon' : 'later';
}

/** A day in few letters, with its year only if that is another one. */
export function shortDay(moment: string, today: string): string {
  const day = dayOf(moment);
  const options: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', timeZone: 'UTC' };
  if (day.slice(0, 4) !== today.slice(0, 4)) options.year = 'numeric';
  return new Intl.DateTimeFormat(undefined, options).format(asUtc(day));
}

/** A moment for people, with its time if it has one. */
export function longMoment(moment: string): string {
  return moment.length > 10
    ? new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(moment))
    : new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' }).format(asUtc(moment));
}
