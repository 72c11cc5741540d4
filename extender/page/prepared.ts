import { z } from 'zod';
import { parseJsonText } from '../../certs/serving/json.ts';
import { INJECTED } from '../../webhook/words/keys.ts';
import type { ObjectMeta } from '../../webhook/words/pod.ts';
import { beginningOf } from '../bounds/cut-text.ts';
import type { ShownPrepared } from './shapes.ts';

/** More than the webhook writes; whoever may change the pod may have written something else. */
const LONGEST_ANNOTATION = 16_384;
const LONGEST_SENTENCE = 500;
const MOST_SENTENCES = 40;

const sentence = z.string().transform((text) => beginningOf(text, LONGEST_SENTENCE));
const preparedSchema = z.object({
  profile: sentence,
  injected: z.array(sentence).max(MOST_SENTENCES),
  declined: z
    .array(z.object({ code: sentence, words: sentence }))
    .max(MOST_SENTENCES)
    .default([]),
});

/** What the webhook wrote on a pod; `undefined` where it has not, or where that cannot be read. */
export function preparedIn({ annotations }: ObjectMeta): ShownPrepared | undefined {
  const text = annotations?.[INJECTED];
  if (text === undefined || text.length > LONGEST_ANNOTATION) return undefined;
  return preparedSchema.safeParse(parseJsonText(text)).data;
}
