import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { styleText } from 'node:util';
import { structuredPatch } from 'diff';
import jsonpatch from 'jsonpatch';
import { parseAllDocuments, stringify } from 'yaml';
import { LastGood } from '../../../certs/serving/last-good.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { type Preview, previewsOf } from '../../../webhook/admission/preview.ts';
import { WITHOUT_WEBHOOK, webhookDirectory } from '../../../webhook/settings.ts';
import { print } from '../terminal/print.ts';

export interface PreviewOptions {
  /** A path, or `-` for standard input. */
  readonly filename: string;
  readonly config: string;
}

const LINES_AROUND = 3;

/** Prints what the webhook would change; true when there is anything. */
export async function preview({ filename, config }: PreviewOptions): Promise<boolean> {
  const loaded = await LastGood.loadForStart(webhookDirectory(config, WITHOUT_WEBHOOK));
  const { profiles } = loaded.value;
  const manifests = readManifests(filename, await contentOf(filename));
  const previews = manifests.flatMap((manifest) => previewsOf(manifest, profiles));
  if (previews.length === 0) {
    print(`${filename}: nothing in it leads to a pod`);
    return false;
  }
  print(previews.map(previewText).join('\n\n'));
  return previews.some(({ operations }) => operations.length > 0);
}

async function contentOf(filename: string): Promise<string> {
  if (filename === '-') return text(process.stdin);
  return readFile(filename, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new WrongCall(
      `--filename: ${filename} cannot be read (${error.code}); name a manifest, or - for standard input`,
    );
  });
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
  const after = jsonpatch.apply_patch(structuredClone(before), [...operations]);
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
