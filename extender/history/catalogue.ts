import { z } from 'zod';
import { type Parsed, parseStrictYaml, strictSection } from '../../certs/serving/strict-yaml.ts';

const expression = z.string().transform((text, context) => {
  try {
    return new RegExp(text);
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `not a regular expression: ${(error as Error).message}`,
    });
    return z.NEVER;
  }
});

const rowFields = {
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  trust: z.enum(['platform']),
  probability: z.number().min(0).max(1),
  words: z.string(),
  cites: z.string(),
};

const rowSchema = z.discriminatedUnion('source', [
  strictSection({ source: z.literal('pod-device-health'), ...rowFields }),
  strictSection({ source: z.literal('node-allocatable'), ...rowFields }),
  strictSection({
    source: z.literal('pod-rejected'),
    ...rowFields,
    reason: expression,
    message: expression,
  }),
]);

/** One row of catalogue.yaml: a kind of sign, who writes it, and what it is worth. */
export type CatalogueRow = z.output<typeof rowSchema>;
export type Catalogue = readonly CatalogueRow[];

/** Reads a catalogue; a problem is a sentence with its line. */
export function parseCatalogue(fileName: string, text: string): Parsed<Catalogue> {
  return parseStrictYaml(fileName, text, z.array(rowSchema));
}
