import { expect, test } from 'vitest';
// @ts-expect-error the page's modules are checked by a configuration of their own
import { isNamed } from '../../../extender/page/browser/node-filter.js';

test.each([
  { search: '', name: 'gpu-1', is: true },
  { search: 'gpu-1', name: 'gpu-1', is: true },
  { search: 'GPU-1', name: 'gpu-1', is: true },
  { search: 'gpu-1', name: 'gpu-19', is: false },
  { search: 'gpu-1', name: 'gpu-19-gpu-1', is: true },
  { search: 'gpu-1', name: 'gpu-1.eu-west', is: true },
  { search: 'gpu-1*', name: 'gpu-19', is: true },
  { search: 'gpu', name: 'gpu-19', is: true },
  { search: 'eu*9', name: 'eu-gpu-9', is: true },
  { search: 'eu*9', name: 'eu-gpu-91', is: false },
  { search: '9*eu', name: 'eu-gpu-9', is: false },
  { search: 'a.b', name: 'axb', is: false },
  { search: `${'*a'.repeat(40)}#`, name: `${'a'.repeat(250)}`, is: false },
])('$search finds $name: $is', ({ search, name, is }) => {
  expect(isNamed(name, search)).toBe(is);
});
