import { isDeepStrictEqual } from 'node:util';
import { QuestionReader } from '../../extender/prioritize/wire.ts';
import { NodeIndex } from '../../extender/state/node-index.ts';
import { makePod } from '../make/pod.ts';
import type { Mutations } from './mutations.ts';

const KNOWN = ['gpu-1', 'gpu-2', 'gpu-3.example.com', 'gpü-4', 'g"5', 'n'.repeat(253)];

const nodes = new NodeIndex();
for (const name of KNOWN) nodes.add(name);
const reader = new QuestionReader(nodes);

const pod = makePod();
const items = KNOWN.map((name) => ({ metadata: { name } }));
const BODIES = [
  { Pod: pod, Nodes: null, NodeNames: KNOWN },
  { Pod: pod, Nodes: null, NodeNames: ['gpu-1', 'new-1', 'gpu-1'] },
  { Pod: pod, Nodes: null, NodeNames: [] },
  { NodeNames: KNOWN, Pod: pod },
  { Pod: pod, Nodes: { items }, NodeNames: null },
  { Pod: { ...pod, metadata: { name: ',"NodeNames":["gpu-1"]}' } }, Nodes: null, NodeNames: KNOWN },
].map((body) => Buffer.from(JSON.stringify(body)));

/** One spoilt question of a scheduler; throws where it is not read as a plain reader of JSON reads it. True when it was read. */
export function fuzzQuestion(mutations: Mutations): boolean {
  const body = mutations.spoilt(mutations.pick(BODIES));
  const [ours, plain] = [read(body), plainly(body)];
  if (isDeepStrictEqual(ours, plain)) return ours !== undefined;
  throw new Error(
    `read as ${JSON.stringify(ours)}, plainly ${JSON.stringify(plain)}: ${JSON.stringify(body.toString('latin1'))}`,
  );
}

interface Read {
  readonly pod: unknown;
  readonly names: readonly string[];
  readonly unknown: readonly string[];
}

function read(body: Buffer): Read | undefined {
  const parsed = reader.read(body);
  if (!parsed.ok) return undefined;
  const { question } = parsed;
  const names = [...question.nodeIndexes].map((nodeIndex) => KNOWN[nodeIndex] ?? '');
  return { pod: question.pod, names, unknown: [...question.unknown] };
}

/** The same by JSON.parse and nothing else, as ExtenderArgs is documented. */
function plainly(body: Buffer): Read | undefined {
  let args: unknown;
  try {
    args = JSON.parse(body.toString());
  } catch {
    return undefined;
  }
  const { Pod: asked, NodeNames: listed, Nodes: whole } = recordOf(args) ?? {};
  const podRecord = recordOf(asked);
  const metadata = recordOf(podRecord?.metadata);
  if (podRecord === undefined || metadata === undefined) return undefined;
  const { uid, namespace, name } = metadata;
  const names = [uid, namespace, name, recordOf(podRecord.spec)?.schedulerName];
  const isName = (one: unknown) => one == null || (typeof one === 'string' && one.length <= 253);
  if (!names.every(isName)) return undefined;
  if (!Array.isArray(recordOf(podRecord.spec)?.containers)) return undefined;
  const sent = namesIn(listed, recordOf(whole)?.items);
  if (sent === undefined) return undefined;
  const known = new Set(KNOWN);
  return {
    pod: asked,
    names: [...new Set(sent.filter((name) => known.has(name)))],
    unknown: [...new Set(sent.filter((name) => !known.has(name)))],
  };
}

function namesIn(listed: unknown, whole: unknown): readonly string[] | undefined {
  if (Array.isArray(listed) && listed.every((name) => typeof name === 'string')) return listed;
  if (!Array.isArray(whole)) return undefined;
  return whole
    .map((node) => recordOf(recordOf(node)?.metadata)?.name)
    .filter((name): name is string => typeof name === 'string');
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
