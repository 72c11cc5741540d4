import { spanInWords } from '../../../webhook/words/duration.ts';

/** How long before a time another one was, both in ISO 8601: `2.5 h ago`. */
export function agoInWords(at: string, now: string): string {
  return `${spanInWords(Math.max(0, (Date.parse(now) - Date.parse(at)) / 1000))} ago`;
}
