/** Moments, said by how far they are from now; the moment itself stands in the title. */
import { h } from './dom';

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** “3 hours ago”, “in 5 minutes”; what is further away than a month is said by its day. */
export function fromNow(moment: string, now: number): string {
  const seconds = (Date.parse(moment) - now) / 1_000;
  if (Number.isNaN(seconds)) return '';
  if (Math.abs(seconds) < 45) return seconds <= 0 ? 'just now' : 'in a moment';
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ['minute', 60];
  const count = Math.sign(seconds) * Math.max(1, Math.round(Math.abs(seconds) / size));
  if (unit === 'day' && Math.abs(count) > 30) return fullMoment(moment);
  return new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' }).format(count, unit);
}

/** How long something has lasted: “3 hours”. */
export function lasting(since: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(since)) / 1_000);
  const [unit, size] = STEPS.find(([, size]) => seconds >= size) ?? ['minute', 60];
  const count = Math.max(1, Math.round(seconds / size));
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

export function fullMoment(moment: string): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };
  return new Intl.DateTimeFormat(undefined, options).format(new Date(moment));
}

export function timeElement(moment: string, now: number = Date.now()): HTMLTimeElement {
  return h('time', { datetime: moment, title: fullMoment(moment) }, fromNow(moment, now));
}

/** What `input type=datetime-local` shows of a moment: the reader's own time, to the minute. */
export function localInput(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
