import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/**
 * No file and no folder may reach itself by imports, those of types included: Biome's check leaves types out, and
 * TypeScript 7 has no interface to ask. All imports of ours are written in one form, which Biome keeps.
 */

const ROOT = join(import.meta.dirname, '..');
const PROGRAMS = ['certs', 'webhook', 'extender'];
/** The most files beside the folders of a program. */
const MOST_LOOSE_FILES = 3;

const files = PROGRAMS.flatMap((program) =>
  readdirSync(join(ROOT, program), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(program, path)),
);

/** What each file imports of ours. */
const imports = new Map(
  files.map((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const found = [...text.matchAll(/(?:\bfrom|\bimport\()\s*'(\.{1,2}\/[^']+\.ts)'/g)];
    return [file, found.map(([, path = '']) => join(dirname(file), path))] as const;
  }),
);

/** The first circle in a graph, as the way around it; empty where there is none. */
function circleIn(graph: ReadonlyMap<string, Iterable<string>>): readonly string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (node: string): readonly string[] => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (done.has(node)) return [];
    way.push(node);
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next);
      if (circle.length > 0) return circle;
    }
    way.pop();
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const circle = visit(node);
    if (circle.length > 0) return circle;
  }
  return [];
}

/** A loose file of a program is a room by itself. */
function roomOf(file: string): string {
  const folder = dirname(file);
  return PROGRAMS.includes(folder) ? file : folder;
}

test('a circle is found, and what is none is not', () => {
  expect(
    circleIn(
      new Map([
        ['a', ['b', 'c']],
        ['b', ['d']],
        ['c', ['d']],
        ['d', []],
      ]),
    ),
  ).toEqual([]);
  expect(
    circleIn(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual(['b', 'c', 'b']);
});

test('no file imports itself by way of others', () => {
  expect(imports.size).toBeGreaterThan(200);
  expect(circleIn(imports)).toEqual([]);
});

test('no folder imports itself by way of others', () => {
  const rooms = new Map<string, Set<string>>();
  for (const [file, imported] of imports) {
    const room = roomOf(file);
    const known = rooms.get(room) ?? new Set<string>();
    rooms.set(room, known);
    for (const other of imported.map(roomOf)) if (other !== room) known.add(other);
  }
  expect(circleIn(rooms)).toEqual([]);
});

test.each(PROGRAMS)('%s has at most three loose files', (program) => {
  const loose = files.filter((file) => dirname(file) === program);
  expect(loose.map((file) => relative(program, file)).length).toBeLessThanOrEqual(MOST_LOOSE_FILES);
});
