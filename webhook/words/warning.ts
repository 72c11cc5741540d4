import type { Reason } from './reason.ts';

/** Warnings of the webhook: a sentence for the person who runs kubectl, with the codes of its reasons for programs. */

const DECLINED = 'Surefoot left this pod as it is: ';

/** `Surefoot left this pod as it is: the annotation ... (UnknownProfile)`. */
export function declinedText(reasons: readonly Reason[]): string {
  return `${DECLINED}${reasons.map(({ code, words }) => `${words} (${code})`).join('; ')}`;
}

/** Whether a warning is one of these: ours, and of a pod that was left alone. */
export function isDeclined(warning: string): boolean {
  return warning.startsWith(DECLINED);
}
