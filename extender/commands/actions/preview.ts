import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { styleText } from 'node:util';
import { structuredPatch } from 'diff';
import jsonpatch from 'jsonpatch';
import { parseAllDocuments, stringify } from 'yaml';
import { LastGood } from '../../../certs/serving/last-good.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { type Preview, previewsOf, unreadIn } from '../../../webhook/admission/preview.ts';
import { WITHOUT_WEBHOOK, webhookDirectory } from '../../../webhook/settings.ts';
import { dataText } from '../terminal/data.ts';
import { complain, print } from '../terminal/print.ts';

export interface PreviewOptions {
  /** Paths of manifests or of directories with them, or `-` for standard input. */
  readonly filename: readonly string[];
  readonly config: string;
  /** What the label surefoot.dev/inject of the namespace says. */
  readonly namespaceLabel: 'enabled' | 'observe' | 'none';
  readonly output: 'diff' | 'json' | 'yaml';
}

const LINES_AROUND = 3;

/** The status of the command: whether the webhook would change anything, or nobody can tell. */
const [UNCHANGED, CHANGED, MISTAKEN, UNTOLD] = [0, 1, 2, 3] as const;

/** Prints what the webhook would change, and returns the status. */
export async function preview(options: PreviewOptions): Promise<number> {
  const { filename, config, namespaceLabel, output } = options;
  const loaded = await LastGood.loadForStart(webhookDirectory(config, WITHOUT_WEBHOOK));
  const { profiles } = loaded.value;
  const files = (await Promise.all(filename.map(filesAt))).flat();
  const manifests: unknown[] = [];
  for (const file of files) manifests.push(...readManifests(file, await contentOf(file)));
  const input = {
    profiles,
    namespaceLabel: namespaceLabel === 'none' ? ('unsaid' as const) : namespaceLabel,
  };
  const previews = manifests.flatMap((manifest) => previewsOf(manifest, input));
  const unread = manifests.flatMap(unreadIn);
  print(shown({ previews, unread, filename }, output));
  const isChanged = previews.some(({ operations }) => operations.length > 0);
  if (isChanged && loaded.value.mode === 'observe') {
    complain(
      `${config} says mode observe: nothing of this is changed before it says act; surefoot mode act does that in a cluster`,
    );
  }
  if (previews.some(({ isMistaken }) => isMistaken)) return MISTAKEN;
  if (isChanged) return CHANGED;
  return unread.length > 0 ? UNTOLD : UNCHANGED;
}

interface Found {
  readonly previews: readonly Preview[];
  /** Titles of what could not be read. */
  readonly unread: readonly string[];
  readonly filename: readonly string[];
}

function shown(found: Found, output: PreviewOptions['output']): string {
  const { previews, unread, filename } = found;
  const data = dataText({ items: previews.map(asData), unread }, output);
  if (data !== undefined) return data;
  const parts = [
    ...previews.map(previewText),
    ...unread.map(
      (title) =>
        `${styled('bold', `${title}: not read`)}\n  the pods that its controller makes are prepared when they are created`,
    ),
  ];
  return parts.length === 0
    ? `${filename.join(', ')}: nothing in it leads to a pod`
    : parts.join('\n\n');
}

/** The same for programs, with the object as it would be. */
function asData({ before, operations, ...said }: Preview): object {
  return { ...said, operations, after: patched(before, operations) };
}

function patched(before: object, operations: Preview['operations']): object {
  return jsonpatch.apply_patch(structuredClone(before), [...operations]);
}

/** The file itself, or the manifests of a directory in the order of their names, as kubectl reads them. */
async function filesAt(path: string): Promise<readonly string[]> {
  if (path === '-') return [path];
  const found = await stat(path).catch(unreadable(path));
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new WrongCall(
    `--filename: the directory ${path} has no file that ends in .yaml, .yml or .json`,
  );
}

async function contentOf(file: string): Promise<string> {
  return file === '-' ? text(process.stdin) : readFile(file, 'utf8').catch(unreadable(file));
}

function unreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return ({ code }) => {
    throw new WrongCall(
      `--filename: ${path} cannot be read (${code}); name a manifest, a directory of them, or - for standard input`,
    );
  };
}

function readManifests(filename: string, content: string): readonly unknown[] {
  const documents = parseAllDocuments(content);
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw new WrongCall(`${filename}: not YAML: ${problem.message}`);
    return document.toJS();
  });
}

function previewText({
  title,
  before,
  operations,
  profile,
  injected,
  declined,
  prices,
}: Preview): string {
  const said =
    operations.length === 0
      ? [`${title}: nothing would change`]
      : [`${title}: profile ${profile}: ${injected.join('; ') || 'only marked'}`];
  const remarks = [
    ...declined.map(({ code, words }) => `  ${code}: ${words}`),
    ...prices.map((price) => `  its price: ${price}`),
  ];
  return [
    styled('bold', said.join('')),
    ...remarks,
    ...(operations.length === 0 ? [] : diffLines(before, operations)),
  ].join('\n');
}

function diffLines(before: object, operations: Preview['operations']): readonly string[] {
  const after = patched(before, operations);
  const { hunks } = structuredPatch('', '', yamlOf(before), yamlOf(after), '', '', {
    context: LINES_AROUND,
  });
  return hunks.flatMap(({ oldStart, newStart, lines }) => [
    styled('cyan', `@@ -${oldStart} +${newStart} @@`),
    ...lines.map((line) => {
      if (line.startsWith('+')) return styled('green', line);
      return line.startsWith('-') ? styled('red', line) : line;
    }),
  ]);
}

/** Coloured on a terminal that takes colours; NO_COLOR is respected. */
function styled(style: 'bold' | 'cyan' | 'green' | 'red', line: string): string {
  return styleText(style, line, { stream: process.stdout });
}

/** One field a line, however long: a folded line would show as a change of its neighbours. */
function yamlOf(object: object): string {
  return stringify(object, { lineWidth: 0 });
}
