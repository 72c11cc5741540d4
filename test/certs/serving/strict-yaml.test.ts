import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseStrictYaml } from '../../../certs/serving/strict-yaml.ts';

test('one slip in a long file is told, not everything that it makes wrong', () => {
  const rows = Array.from({ length: 1000 }, (_none, index) => `- { name: row-${index} }`);
  const parsed = parseStrictYaml(
    'a.yaml',
    ['- { value: zap[-_]?fail }', ...rows].join('\n'),
    z.any(),
  );
  expect(parsed.ok).toBe(false);
  const problems = parsed.ok ? [] : parsed.problems;
  expect(problems[0]).toMatch(/^a\.yaml:1: not YAML: /);
  expect(problems.at(-1)).toMatch(/^a\.yaml: and \d+ more, most likely because of the first one$/);
  expect(problems).toHaveLength(4);
});
