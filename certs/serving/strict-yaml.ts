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

/** Problems of syntax that are told; one slip can make thousands. */
const MOST_SYNTAX_ERRORS = 3;

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
    const problems = document.errors.slice(0, MOST_SYNTAX_ERRORS).map((error) => {
      const place = `${fileName}:${lines.linePos(error.pos[0]).line}`;
      return error.code === 'MULTIPLE_DOCS'
        ? `${place}: a second document begins here; the file must hold one`
        : `${place}: not YAML: ${error.message}`;
    });
    const hidden = document.errors.length - problems.length;
    if (hidden > 0) {
      problems.push(`${fileName}: and ${hidden} more, most likely because of the first one`);
    }
    return { ok: false, problems };
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
    const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    const line = lineOf([...issue.path, ...unknownKey]);
    return `${fileName}:${line}: ${key === '' ? '' : `${key}: `}${messageOf(issue)}`;
  });
  return { ok: false, problems };
}

/** zod's words for types, in YAML's. */
const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function messageOf(issue: z.core.$ZodIssue): string {
  if (!issue.message.startsWith('Invalid input: expected ')) return issue.message;
  const expected =
    issue.code === 'invalid_type'
      ? (TYPES[issue.expected] ?? issue.expected)
      : issue.message.slice('Invalid input: expected '.length);
  return issue.message.endsWith('received undefined')
    ? `it is missing; expected ${expected}`
    : `expected ${expected}`;
}

function keyInWords(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}
