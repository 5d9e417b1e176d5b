/** What a date in `Retry-After` is compared with. */
export interface RetryAfterContext {
  /** Our wall clock in milliseconds since the Unix epoch, for dates when the answer carries no valid `Date`. */
  readonly nowMs: number;
  /** The answer's own `Date` header; a date is measured against it, so that our clock may be wrong. */
  readonly dateHeader?: string;
}

/**
 * The delay a `Retry-After` header asks for (RFC 9110 section 10.2.3), in whole milliseconds, 0 or more; `undefined`
 * when the header is absent or is neither plain seconds nor one of the three HTTP dates. Never throws. Sets no upper
 * bound but the safe integers: whether to wait that long is the caller's decision.
 */
export function parseRetryAfter(value: string | undefined, context: RetryAfterContext): number | undefined {
  if (value === undefined) return undefined;
  const seconds = secondsShape.exec(value)?.[1];
  if (seconds !== undefined) return Math.min(Number(seconds) * 1000, Number.MAX_SAFE_INTEGER);
  const at = parseHttpDate(value, context.nowMs);
  if (at === undefined) return undefined;
  const { nowMs, dateHeader } = context;
  const from = (dateHeader === undefined ? undefined : parseHttpDate(dateHeader, nowMs)) ?? nowMs;
  return Math.max(0, Math.ceil(at - from));
}

/** More digits than a safe integer holds are still a delay, only a very long one. */
const secondsShape = /^[ \t]*([0-9]+)[ \t]*$/;

const monthNames = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec';
const time = '(?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2})';
const shortDay = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const longDay = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';
const whole = (shape: string) => new RegExp(`^[ \\t]*${shape}[ \\t]*$`);

/** RFC 9110 section 5.6.7: IMF-fixdate, then the obsolete forms of RFC 850 and of C's asctime. */
const dateShapes = [
  whole(`${shortDay}, (?<day>[0-9]{2}) (?<month>${monthNames}) (?<year>[0-9]{4}) ${time} GMT`),
  whole(`${longDay}, (?<day>[0-9]{2})-(?<month>${monthNames})-(?<year>[0-9]{2}) ${time} GMT`),
  whole(`${shortDay} (?<month>${monthNames}) (?<day>[0-9]{2}| [0-9]) ${time} (?<year>[0-9]{4})`),
];

function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const shape of dateShapes) {
    const parts = shape.exec(text)?.groups;
    if (parts) return instantOf(parts, nowMs);
  }
  return undefined;
}

function instantOf(parts: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const { day, month = '', year = '', hour, minute, second } = parts;
  const fullYear = year.length === 2 ? centuryFor(Number(year), nowMs) : Number(year);
  const monthIndex = monthNames.split('|').indexOf(month);
  const midnight = new Date(Date.UTC(fullYear, monthIndex, Number(day)));
  // Dates that do not exist roll over into others, and years below 100 into the twentieth century.
  if (midnight.getUTCDate() !== Number(day) || midnight.getUTCFullYear() !== fullYear) return undefined;
  // 60 is a leap second.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  return midnight.getTime() + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
}

/** A year that seems more than 50 years ahead means the most recent past year with the same digits. */
function centuryFor(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
