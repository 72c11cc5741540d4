import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { check } from 'recheck';
import { parseAst } from 'rolldown/parseAst';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from './make/catalogue.ts';

/**
 * Tenants write much of what our patterns read, and whoever reaches a port writes the rest. A pattern whose time is
 * not linear in the length of its text lets them stall a program: 60 kB of digits in a quantity took 9.9 s.
 */

const root = join(import.meta.dirname, '..');

interface Pattern {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

async function patternsInCode(): Promise<readonly Pattern[]> {
  const patterns: Pattern[] = [];
  for await (const path of glob('{certs,webhook,extender}/**/*.{ts,js}', { cwd: root })) {
    const code = readFileSync(join(root, path), 'utf8');
    const lang = path.endsWith('.ts') ? 'ts' : 'js';
    for (const { regex, start } of regexesIn(parseAst(code, { lang }))) {
      const line = code.slice(0, start).split('\n').length;
      patterns.push({ where: `${path}:${line}`, source: regex.pattern, flags: regex.flags });
    }
  }
  return patterns;
}

interface RegexNode {
  readonly start: number;
  readonly regex: { readonly pattern: string; readonly flags: string };
}

/** Every literal in a syntax tree (ESTree) that is a regular expression. */
function regexesIn(node: unknown): readonly RegexNode[] {
  if (typeof node !== 'object' || node === null) return [];
  if ('type' in node && node.type === 'Literal' && 'regex' in node)
    return [node as unknown as RegexNode];
  return Object.values(node).flatMap(regexesIn);
}

function patternsOfCatalogue(): readonly Pattern[] {
  return CATALOGUE.rows.flatMap(({ name, match, device, code, pciSlot }) =>
    Object.entries({ ...match, device, code, pciSlot }).flatMap(([field, expression]) =>
      expression === undefined
        ? []
        : [{ where: `${name}.${field}`, source: expression.source, flags: expression.flags }],
    ),
  );
}

/** `undefined` for a pattern that takes linear time, else what is wrong. */
async function problemOf({ where, source, flags }: Pattern): Promise<string | undefined> {
  const found = await check(source, flags, { timeout: 60_000 });
  return found.status === 'safe'
    ? undefined
    : `${where}: /${source}/${flags} is ${found.status}: ${'complexity' in found ? found.complexity.summary : 'no answer'}`;
}

async function problemsOf(patterns: readonly Pattern[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const pattern of patterns) {
    const problem = await problemOf(pattern);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

describe('patterns take time that is linear in the length of a text', () => {
  test('the check finds the ones that do not', async () => {
    const bad = { where: 'here', source: '^\\d+\\.?\\d*$', flags: '' };
    expect(await problemOf(bad)).toBe(
      'here: /^\\d+\\.?\\d*$/ is vulnerable: 2nd degree polynomial',
    );
  });

  test('in code', async () => {
    const patterns = await patternsInCode();
    expect(patterns.length).toBeGreaterThan(50);
    expect(await problemsOf(patterns)).toEqual([]);
  }, 300_000);

  test('in the catalogue', async () => {
    const patterns = patternsOfCatalogue();
    expect(patterns.length).toBeGreaterThan(100);
    expect(await problemsOf(patterns)).toEqual([]);
  }, 300_000);
});
