/** Until when a notification may be snoozed, in the reader's own time. Pure. */

const MORNING = 9;
const LATER_HOURS = 3;
/** Later than this there is no later today. */
const LAST_HOUR = 21;

export interface Until {
  readonly label: string;
  readonly at: Date;
}

export function snoozeChoices(now: Date): Until[] {
  const later = new Date(now);
  later.setHours(now.getHours() + LATER_HOURS, 0, 0, 0);
  const tomorrow = morning(now, 1);
  const nextWeek = morning(now, daysToMonday(now));
  const choices: Until[] = [];
  if (now.getHours() + LATER_HOURS <= LAST_HOUR) choices.push({ label: 'Later today', at: later });
  choices.push({ label: 'Tomorrow', at: tomorrow });
  // On Sundays next week begins tomorrow.
  if (nextWeek.getTime() !== tomorrow.getTime()) choices.push({ label: 'Next week', at: nextWeek });
  return choices;
}

export function untilWords({ label, at }: Until): string {
  const time: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
  const options = label === 'Later today' ? time : { weekday: 'short' as const, ...time };
  return `${label} (${new Intl.DateTimeFormat(undefined, options).format(at)})`;
}

/** By days and not by hours: not every day has 24 of them. */
function morning(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING);
}

function daysToMonday(now: Date): number {
  return (8 - now.getDay()) % 7 || 7;
}
