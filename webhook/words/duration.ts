const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** A hundred years: no more is meant, and sums of such spans stay exact integers. */
const LONGEST_SECONDS = 100 * 365 * 86_400;

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y;
/** A hundred years in all five units take 40 characters. */
const LONGEST_TEXT = 64;

/**
 * Seconds in a duration such as `90s`, `1h30m` or `30d`: Go's notation, which Kubernetes users
 * know, plus days. `undefined` for anything else: a bare number has no unit, and more than a
 * hundred years is a slip of the hand.
 */
export function durationSeconds(text: string): number | undefined {
  if (text.length > LONGEST_TEXT || !DURATION.test(text)) return undefined;
  let seconds = 0;
  for (PART.lastIndex = 0; PART.lastIndex < text.length; ) {
    const [, amount, unit = ''] = PART.exec(text) ?? [];
    seconds += Number(amount) * (SECONDS_PER_UNIT[unit] ?? Number.NaN);
  }
  return seconds <= LONGEST_SECONDS ? seconds : undefined;
}

/** A span for people: `0.4 s`, `72 s`, `12 min`, `3.5 h`, `2 days`. */
export function spanInWords(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 10) return `${trimmed(seconds)} s`;
  if (size < 600) return `${Math.round(seconds)} s`;
  if (size < 7200) return `${Math.round(seconds / 60)} min`;
  if (size < 172_800) return `${trimmed(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
