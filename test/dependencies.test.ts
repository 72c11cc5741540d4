import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import jsonpatch from 'jsonpatch';
import forge from 'node-forge';
import { describe, expect, test } from 'vitest';

const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
  packages: Record<string, { version?: string; resolved?: string }>;
};

describe('what we know of our dependencies (hazard 38)', () => {
  const floors = [
    ['node-forge', '1.4.3'],
    ['body-parser', '2.3.0'],
    ['qs', '6.16.0'],
    ['undici', '8.10.2'],
  ] as const;
  test.each(floors)('%s is at least %s, where its known holes are closed', (name, floor) => {
    const versions = Object.entries(lock.packages)
      .filter(([path]) => path.endsWith(`node_modules/${name}`))
      .map(([, { version = '0.0.0' }]) => version);
    expect(versions.length).toBeGreaterThan(0);
    for (const version of versions) expect(atLeast(version, floor)).toBe(true);
  });

  test('the lock file names no registry', () => {
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual(
      [],
    );
  });

  test('jsonpatch takes any two objects for equal, so its test operation is never relied on', () => {
    const operations = [{ op: 'test', path: '/a', value: { b: 2 } }];
    expect(() => jsonpatch.apply_patch({ a: { b: 1 } }, operations)).not.toThrow();
  });

  test('jsonpatch adds nothing under a number and says nothing, so a stricter applier judges our patches', () => {
    const operations = [{ op: 'add', path: '/a/b', value: 1 }];
    expect(jsonpatch.apply_patch({ a: 7 }, operations)).toEqual({ a: 7 });
  });

  test('node-forge cannot read the keys that we use, so node:crypto signs', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(() => forge.pki.privateKeyFromPem(pem)).toThrow();
  });
});

function atLeast(version: string, floor: string): boolean {
  return version.localeCompare(floor, 'en', { numeric: true }) >= 0;
}
