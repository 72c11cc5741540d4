/**
 * A span for people, as the programs say it: `0.4 s`, `72 s`, `12 min`, `3.5 h`, `2 days`.
 * @param {number} seconds
 */
export function spanInWords(seconds) {
  const size = Math.abs(seconds);
  if (size < 10) return `${trimmed(seconds)} s`;
  if (size < 600) return `${Math.round(seconds)} s`;
  if (size < 7200) return `${Math.round(seconds / 60)} min`;
  if (size < 172_800) return `${trimmed(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/**
 * The time of day of an ISO time, in the reader's zone.
 * @param {string} iso
 */
export function clockTime(iso) {
  return new Date(iso).toLocaleTimeString([], { hour12: false });
}

/**
 * @param {number} count
 * @param {string} one
 */
export function counted(count, one) {
  return `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`;
}

/**
 * How a device's rate of faults stands to the fleet's.
 * @param {number} times
 */
export function timesTheUsual(times) {
  return times > 0.95 && times < 1.05
    ? 'the fleet’s rate of faults'
    : `${times} times the fleet’s rate of faults`;
}

/** @param {number} value */
function trimmed(value) {
  return value.toFixed(1).replace(/\.0$/, '');
}

/**
 * How long before `now` something was: `3 min ago`.
 * @param {string} iso
 * @param {string} now
 */
export function agoInWords(iso, now) {
  const seconds = (Date.parse(now) - Date.parse(iso)) / 1000;
  return seconds < 1 ? 'just now' : `${spanInWords(seconds)} ago`;
}

/**
 * A moment for people: the time of today, else with its date, in the reader's zone.
 * @param {string} iso
 * @param {string} now
 */
export function momentInWords(iso, now) {
  const [then, today] = [new Date(iso), new Date(now)];
  if (then.toDateString() === today.toDateString()) return clockTime(iso);
  return `${dateInWords(iso)}, ${then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })}`;
}

/**
 * The date of an ISO time, in the reader's zone.
 * @param {string} iso
 */
export function dateInWords(iso) {
  return new Date(iso).toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' });
}

/** Whose time it is. */
export function zoneName() {
  return `${Intl.DateTimeFormat().resolvedOptions().timeZone} time`;
}

/** @param {number} bytes */
export function gibibytes(bytes) {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** @param {number} share */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}
