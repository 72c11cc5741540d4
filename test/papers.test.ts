import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

interface Link {
  readonly from: string;
  readonly to: string;
}

/** Links from our papers to files of the repository, by their paths in it. */
async function linksIn(paths: readonly string[]): Promise<readonly Link[]> {
  const found: Link[] = [];
  for (const from of paths) {
    const text = await readFile(from, 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue;
      found.push({ from, to: normalize(join(dirname(from), target.replace(/#.*/, ''))) });
    }
  }
  return found;
}

async function papers(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const path of glob(['*.md', 'docs/**/*.md'])) found.push(path);
  return found.sort();
}

describe('our papers', () => {
  test('link to what is there', async () => {
    const links = await linksIn(await papers());
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter(({ to }) => !existsSync(to))).toEqual([]);
  });

  test('no page of docs is one that no other links to', async () => {
    const all = await papers();
    const linked = new Set((await linksIn(all)).map(({ to }) => to));
    expect(all.filter((path) => path.startsWith('docs/') && !linked.has(path))).toEqual([]);
  });

  test('the README is short enough to be read', async () => {
    const words = (await readFile('README.md', 'utf8')).split(/\s+/).filter(Boolean);
    expect(words.length).toBeLessThanOrEqual(1200);
  });
});
