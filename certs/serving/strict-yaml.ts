import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

/** What a configuration file says, or every problem in it, each a sentence with its place. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * A mapping that accepts only the keys it names, and says which those are.
 * Strictness is the point: a misspelt key that is silently ignored is a setting nobody has.
 */
export function strictSection<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') {
        return `unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}; known here: ${known}`;
      }
      return issue.code === 'invalid_type'
        ? `expected a mapping with the keys ${known}`
        : undefined;
    },
  });
}

/**
 * Reads one YAML document against a schema. A problem reads
 * `webhook.yaml:3: mode: expected one of "observe"|"act"`: file, line, key, what would be right.
 */
export function parseStrictYaml<Schema extends z.ZodType>(
  fileName: string,
  text: string,
  schema: Schema,
): Parsed<z.output<Schema>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map(
        (error) => `${fileName}:${lines.linePos(error.pos[0]).line}: not YAML: ${error.message}`,
      ),
    };
  }
  const result = schema.safeParse(document.toJS() ?? {});
  if (result.success) return { ok: true, value: result.data };

  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const node = document.getIn(path.slice(0, depth), true);
      const offset = (node as { range?: [number, number, number] } | undefined)?.range?.[0];
      if (offset !== undefined) return lines.linePos(offset).line;
    }
    return 1;
  };
  const problems = result.error.issues.map((issue) => {
    const key = keyInWords(issue.path);
    return `${fileName}:${lineOf(issue.path)}: ${key === '' ? '' : `${key}: `}${issue.message}`;
  });
  return { ok: false, problems };
}

function keyInWords(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}
