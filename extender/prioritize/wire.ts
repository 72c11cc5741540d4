import {
  isModestJson,
  isRecord,
  parseJson,
  parseJsonText,
  withoutNulls,
} from '../../certs/serving/json.ts';
import { LONGEST_NAME } from '../../webhook/words/longest-name.ts';
import { NAME_HASH_BASIS, nextNameHash } from '../../webhook/words/name-hash.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import type { Scores } from '../forecast/level.ts';

/**
 * The only file that knows ExtenderArgs and HostPriorityList (k8s.io/kube-scheduler/extender/v1).
 * Those types carry no JSON tags, so their keys go over the wire as Go writes them: `NodeNames`.
 */

/** One question of the scheduler: which of these nodes for this pod? */
export interface Question {
  readonly pod: Pod;
  /** Indexes of the nodes, in the order in which they were sent, each once. */
  readonly nodeIndexes: Int32Array;
  /** Names of nodes that are not known. */
  readonly unknown: ReadonlySet<string>;
  /** True when whole Node objects were sent: `nodeCacheCapable` is off, which costs megabytes. */
  readonly sentWholeNodes: boolean;
}

/** Finds the index of a node by its name, or by the bytes of its name and their `nameHash`; -1 for no node. */
export interface NodeFinder {
  /** Every index is below. */
  readonly capacity: number;
  of(name: string): number;
  find(bytes: Uint8Array, from: number, to: number, hash: number): number;
}

/** Writes the name of a node as it stands in a JSON text, and returns where it ends. */
export interface NameWriter {
  lengthAt(nodeIndex: number): number;
  write(nodeIndex: number, into: Uint8Array, at: number): number;
}

export type ParsedQuestion =
  | { readonly ok: true; readonly question: Question }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads questions about the nodes that a finder knows. The indexes of one hold until the next is read: lists of numbers
 * lie outside of V8's heap, and V8 begins to collect when much was made there, however soon it is let go of.
 */
export class QuestionReader {
  readonly #finder: NodeFinder;
  readonly #found = new FoundNodes();

  constructor(finder: NodeFinder) {
    this.#finder = finder;
  }

  /** Reads ExtenderArgs; a problem is a sentence for whoever sent it. */
  read(body: Uint8Array): ParsedQuestion {
    if (body.length === 0) return problem('the body is empty; send ExtenderArgs');
    if (!isModestJson(body, MOST_LISTS_AND_MAPS)) {
      return problem(
        'the body holds more values, or deeper ones, than any object of Kubernetes; send ExtenderArgs',
      );
    }
    const quick = namesAtTheEnd(body, this.#finder, this.#found);
    const args = quick?.args ?? parseJson(body);
    if (!isRecord(args)) return problem('the body is not a JSON object; send ExtenderArgs');
    const { Pod: pod, NodeNames: names, Nodes: list } = args;
    if (!isRecord(pod) || !isRecord(pod.metadata) || !isRecord(pod.spec)) {
      return problem('ExtenderArgs has no Pod with metadata and spec; the key is "Pod"');
    }
    const { uid, namespace, name } = pod.metadata;
    if (![uid, namespace, name, pod.spec.schedulerName].every(isNameOrNone)) {
      return problem(
        `ExtenderArgs: the Pod's uid, namespace, name and schedulerName must be texts of up to ${LONGEST_NAME} characters`,
      );
    }
    const { containers } = pod.spec;
    if (!Array.isArray(containers) || !containers.every(isRecord)) {
      return problem('ExtenderArgs: Pod.spec.containers is not a list of containers');
    }
    const asked = { pod: withoutNulls(pod) as unknown as Pod, sentWholeNodes: false };
    if (quick !== undefined) return { ok: true, question: { ...asked, ...quick.found } };
    if (isTextList(names)) {
      const found = lookedUp(names, this.#finder, this.#found);
      return { ok: true, question: { ...asked, ...found } };
    }
    if (isRecord(list) && Array.isArray(list.items)) {
      const sent = list.items.map(nodeName).filter(isText);
      const found = lookedUp(sent, this.#finder, this.#found);
      return { ok: true, question: { ...asked, ...found, sentWholeNodes: true } };
    }
    return problem('ExtenderArgs has neither NodeNames nor Nodes; set nodeCacheCapable: true');
  }
}

/** Whole Node objects, the 781 that the default sampling sends, have 350 each with their managed fields. */
const MOST_LISTS_AND_MAPS = 1_000_000;

function isNameOrNone(value: unknown): boolean {
  return value == null || (typeof value === 'string' && value.length <= LONGEST_NAME);
}

type Found = Pick<Question, 'nodeIndexes' | 'unknown'>;

/** The nodes of these names, in the form of a question. */
export function named(names: readonly string[], finder: NodeFinder): Found {
  return lookedUp(names, finder, new FoundNodes());
}

function lookedUp(names: readonly string[], finder: NodeFinder, found: FoundNodes): Found {
  found.begin(finder.capacity);
  for (const name of names) {
    const nodeIndex = finder.of(name);
    if (nodeIndex < 0) found.unknown.add(name);
    else found.add(nodeIndex);
  }
  return found.all();
}

/** Each once, in their order. */
class FoundNodes {
  unknown = new Set<string>();
  #nodeIndexes = new Int32Array();
  #isFound = new Uint8Array();
  #count = 0;

  /** Forgets what was found before. */
  begin(capacity: number): void {
    if (capacity > this.#nodeIndexes.length) {
      this.#nodeIndexes = new Int32Array(capacity);
      this.#isFound = new Uint8Array(capacity);
    } else this.#isFound.fill(0);
    this.unknown = new Set();
    this.#count = 0;
  }

  add(nodeIndex: number): void {
    if (this.#isFound[nodeIndex] === 1) return;
    this.#isFound[nodeIndex] = 1;
    this.#nodeIndexes[this.#count] = nodeIndex;
    this.#count += 1;
  }

  all(): Found {
    return { nodeIndexes: this.#nodeIndexes.subarray(0, this.#count), unknown: this.unknown };
  }
}

/** The last key of what Go writes. Its quotes would be escaped inside of a text. */
const NAMES_KEY = Buffer.from(',"NodeNames":[');
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
function namesAtTheEnd(
  body: Uint8Array,
  finder: NodeFinder,
  found: FoundNodes,
): { readonly args: unknown; readonly found: Found } | undefined {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const key = buffer.indexOf(NAMES_KEY);
  if (key < 0) return undefined;
  found.begin(finder.capacity);
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
    const nodeIndex = finder.find(buffer, from, at, hash);
    if (nodeIndex < 0) found.unknown.add(buffer.toString('latin1', from, at));
    else found.add(nodeIndex);
    at += 1;
  } while (buffer[at] === COMMA);
  const isTheEnd =
    buffer[at] === LIST_END && buffer[at + 1] === OBJECT_END && at + 2 === buffer.length;
  if (!isTheEnd) return undefined;
  const args = parseJsonText(`${buffer.toString('utf8', 0, key)}}`);
  return args === undefined ? undefined : { args, found: found.all() };
}

const ENTRY_BEGIN = Buffer.from('{"Host":"');
/** What follows a name, for each score that `Scores` can hold, the lowest first. */
const LOWEST_SCORE = -128;
const ENTRY_ENDS = Array.from({ length: 256 }, (_none, index) =>
  Buffer.from(`","Score":${LOWEST_SCORE + index}}`),
);
/** Of an entry, without its name: the longest end, and a comma. */
const MOST_BESIDE_A_NAME = ENTRY_BEGIN.length + (ENTRY_ENDS[0] as Buffer).length + 1;
const LIST_BEGIN = 0x5b;

/** What answers are written into, one after the other. */
let written = Buffer.alloc(1024);

/**
 * A HostPriorityList. Integers only: one fraction makes the scheduler drop the whole answer. Written from the names'
 * bytes, for an answer may name thousands. The text has a character for each byte of it: `latin1` sends it as it is.
 */
export function answerText({ nodeIndexes, scores }: Scores, names: NameWriter): string {
  const most = nodeIndexes.reduce(
    (sum, nodeIndex) => sum + MOST_BESIDE_A_NAME + names.lengthAt(nodeIndex),
    2,
  );
  if (most > written.length) written = Buffer.alloc(2 * most);
  written[0] = LIST_BEGIN;
  let end = 1;
  for (let index = 0; index < nodeIndexes.length; index += 1) {
    if (index > 0) end = written.writeUInt8(COMMA, end);
    end = append(ENTRY_BEGIN, end);
    end = names.write(nodeIndexes[index] as number, written, end);
    end = append(ENTRY_ENDS[(scores[index] as number) - LOWEST_SCORE] as Buffer, end);
  }
  end = written.writeUInt8(LIST_END, end);
  return written.toString('latin1', 0, end);
}

function append(bytes: Uint8Array, at: number): number {
  let end = at;
  for (let from = 0; from < bytes.length; from += 1) {
    written[end] = bytes[from] as number;
    end += 1;
  }
  return end;
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
