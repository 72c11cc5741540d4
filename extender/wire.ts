import { isRecord, parseJson, parseJsonText } from '../certs/serving/json.ts';
import { NAME_HASH_BASIS, nextNameHash } from '../webhook/words/name-hash.ts';
import type { Pod } from '../webhook/words/pod.ts';
import type { Level } from './forecast/level.ts';

/**
 * The only file that knows ExtenderArgs and HostPriorityList (k8s.io/kube-scheduler/extender/v1).
 * Those types carry no JSON tags, so their keys go over the wire as Go writes them: `NodeNames`.
 */

/** One question of the scheduler: which of these nodes for this pod? */
export interface Question<Node> {
  readonly pod: Pod;
  /** In the order in which they were sent; one may be named twice. */
  readonly nodes: readonly Node[];
  /** Names that nothing is known of. */
  readonly unknown: ReadonlySet<string>;
  /** True when whole Node objects were sent: `nodeCacheCapable` is off, which costs megabytes. */
  readonly sentWholeNodes: boolean;
}

/** Whoever knows the nodes, and how many there are: by their names, or by the bytes of a name and its `nameHash`. */
export interface NodeFinder<Node> {
  readonly size: number;
  get(name: string): Node | undefined;
  find(bytes: Uint8Array, from: number, to: number, hash: number): Node | undefined;
}

export type ParsedQuestion<Node> =
  | { readonly ok: true; readonly question: Question<Node> }
  | { readonly ok: false; readonly problem: string };

/** Reads ExtenderArgs; a problem is a sentence for whoever sent it. */
export function parseQuestion<Node>(
  body: Uint8Array,
  finder: NodeFinder<Node>,
): ParsedQuestion<Node> {
  if (body.length === 0) return problem('the body is empty; send ExtenderArgs');
  const quick = namesAtTheEnd(body, finder);
  const args = quick?.args ?? parseJson(body);
  if (!isRecord(args)) return problem('the body is not a JSON object; send ExtenderArgs');
  const { Pod: pod, NodeNames: names, Nodes: list } = args;
  if (!isRecord(pod) || !isRecord(pod.metadata) || !isRecord(pod.spec)) {
    return problem('ExtenderArgs has no Pod with metadata and spec; the key is "Pod"');
  }
  if (!Array.isArray(pod.spec.containers)) {
    return problem('ExtenderArgs: Pod.spec.containers is not a list');
  }
  const asked = { pod: pod as unknown as Pod, sentWholeNodes: false };
  if (quick !== undefined) return { ok: true, question: { ...asked, ...quick.found } };
  if (isTextList(names)) return { ok: true, question: { ...asked, ...named(names, finder) } };
  if (isRecord(list) && Array.isArray(list.items)) {
    const found = named(list.items.map(nodeName).filter(isText), finder);
    return { ok: true, question: { ...asked, ...found, sentWholeNodes: true } };
  }
  return problem('ExtenderArgs has neither NodeNames nor Nodes; set nodeCacheCapable: true');
}

type Found<Node> = Pick<Question<Node>, 'nodes' | 'unknown'>;

/** The nodes of these names, as a question asks about them. */
export function named<Node>(names: readonly string[], finder: NodeFinder<Node>): Found<Node> {
  const nodes: Node[] = [];
  const unknown = new Set<string>();
  for (const name of names) {
    const node = finder.get(name);
    if (node === undefined) unknown.add(name);
    else nodes.push(node);
  }
  return { nodes, unknown };
}

/** The last key of what Go writes. Its quotes would be escaped inside of a text. */
const NAMES_KEY = Buffer.from(',"NodeNames":[');
/** Bytes of a name of one letter, with quotes and comma. */
const SHORTEST_NAME = 4;
const QUOTE = 0x22;
const COMMA = 0x2c;
const LIST_END = 0x5d;
const OBJECT_END = 0x7d;
/** Bytes that stand for themselves in a JSON text, of ASCII. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_none, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== 0x5c ? 1 : 0,
);

/**
 * Looks up the names where they stand, when they are plain and end the body, as in all that a scheduler
 * sends; the rest is parsed. Of a fleet of 5,000 that saves most of the time of an answer. `undefined`
 * for a body of any other form, valid or not, which is then parsed as a whole.
 */
function namesAtTheEnd<Node>(
  body: Uint8Array,
  finder: NodeFinder<Node>,
): { readonly args: unknown; readonly found: Found<Node> } | undefined {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const key = buffer.indexOf(NAMES_KEY);
  if (key < 0) return undefined;
  // Not grown step by step: it is most of what a question leaves for the collector.
  const nodes = new Array<Node>(Math.min(finder.size, (buffer.length - key) / SHORTEST_NAME) | 0);
  let count = 0;
  const unknown = new Set<string>();
  let at = key + NAMES_KEY.length - 1;
  do {
    at += 1;
    if (buffer[at] !== QUOTE) return undefined;
    at += 1;
    const from = at;
    let hash = NAME_HASH_BASIS;
    let byte = buffer[at] as number;
    while (IS_PLAIN[byte] === 1) {
      hash = nextNameHash(hash, byte);
      at += 1;
      byte = buffer[at] as number;
    }
    if (byte !== QUOTE) return undefined;
    const node = finder.find(buffer, from, at, hash);
    if (node === undefined) unknown.add(buffer.toString('latin1', from, at));
    else {
      nodes[count] = node;
      count += 1;
    }
    at += 1;
  } while (buffer[at] === COMMA);
  const isTheEnd =
    buffer[at] === LIST_END && buffer[at + 1] === OBJECT_END && at + 2 === buffer.length;
  if (!isTheEnd) return undefined;
  nodes.length = count;
  const args = parseJsonText(`${buffer.toString('utf8', 0, key)}}`);
  return args === undefined ? undefined : { args, found: { nodes, unknown } };
}

/** A HostPriorityList. Integers only: one fraction makes the scheduler drop the whole answer. */
export function answerText(levels: readonly Level[]): string {
  return JSON.stringify(levels.map(({ node, score }) => ({ Host: node, Score: score })));
}

function nodeName(node: unknown): unknown {
  return isRecord(node) && isRecord(node.metadata) ? node.metadata.name : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function problem(sentence: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: sentence };
}
