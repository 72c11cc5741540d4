import { generateKeyPairSync } from 'node:crypto';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { issueAuthority, issueServingPair } from '../../../certs/renewal/issue.ts';
import { parseServingPair, readPairFiles } from '../../../certs/serving/serving-pair.ts';
import { directoryWith } from '../../fake/directory.ts';

const NOW = new Date('2026-06-01T12:00:00Z');
const authority = issueAuthority({ now: NOW });
const pair = issueServingPair({ authority, hosts: ['a'], now: NOW });
const other = issueServingPair({ authority, hosts: ['a'], now: NOW });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

describe('parseServingPair', () => {
  test('takes a pair that belongs together, and knows when it ends', () => {
    expect(parseServingPair({ directory: '/tls', ...pair }, NOW)).toEqual({
      ok: true,
      value: { ...pair, expiresAt: new Date('2026-08-30T12:00:00Z') },
    });
  });

  const rows = [
    {
      name: 'the key of another pair',
      files: { ...pair, key: other.key },
      problem: '/tls/tls.key: does not belong to the certificate in /tls/tls.crt',
    },
    {
      name: 'a key of another kind',
      files: { ...pair, key: rsa.toString() },
      problem: '/tls/tls.key: does not belong to the certificate in /tls/tls.crt',
    },
    {
      name: 'an empty certificate',
      files: { ...pair, certificate: '' },
      problem: '/tls/tls.crt: not a PEM certificate; the file must hold one',
    },
    {
      name: 'half a certificate',
      files: { ...pair, certificate: pair.certificate.slice(0, 300) },
      problem: '/tls/tls.crt: not a PEM certificate; the file must hold one',
    },
    {
      name: 'a chain that is broken behind a good certificate',
      files: {
        ...pair,
        certificate: `${pair.certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      },
      problem: '/tls/tls.crt: holds something that TLS cannot serve; check its chain',
    },
    {
      name: 'no key',
      files: { ...pair, key: '' },
      problem: '/tls/tls.key: not a PEM private key; the file must hold one, without a password',
    },
  ];
  test.each(rows)('refuses $name', ({ files, problem }) => {
    expect(parseServingPair({ directory: '/tls', ...files }, NOW)).toEqual({
      ok: false,
      problems: [problem],
    });
  });

  test('refuses a pair whose time is over', () => {
    expect(parseServingPair({ directory: '/tls', ...pair }, new Date('2026-09-01'))).toEqual({
      ok: false,
      problems: ['/tls/tls.crt: expired at 2026-08-30T12:00:00.000Z; make a new pair'],
    });
  });
});

describe('readPairFiles', () => {
  test('says which file is missing and how to make it', async () => {
    const directory = await directoryWith({ 'tls.crt': pair.certificate });
    await expect(readPairFiles(directory)).rejects.toThrow(
      `${directory}/tls.key: cannot be read (ENOENT); make a pair with "surefoot certs --tls-dir ${directory} --host NAME"`,
    );
  });

  test('pitfall 22: reads both files of one version of a mounted Secret', async () => {
    const directory = await directoryWith();
    for (const [version, files] of Object.entries({ old: pair, new: other })) {
      await mkdir(join(directory, version));
      await writeFile(join(directory, version, 'tls.crt'), files.certificate);
      await writeFile(join(directory, version, 'tls.key'), files.key);
    }
    await symlink('old', join(directory, '..data'));
    expect(await readPairFiles(directory)).toMatchObject(pair);
    await symlink('new', join(directory, '..data-new'));
    await rename(join(directory, '..data-new'), join(directory, '..data'));
    expect(await readPairFiles(directory)).toMatchObject(other);
  });
});
