import { isRecord, parseJson } from '../certs/serving/json.ts';
import type { Pod } from '../webhook/words/pod.ts';
import type { Level } from './forecast/level.ts';

/**
 * The only file that knows ExtenderArgs and HostPriorityList (k8s.io/kube-scheduler/extender/v1).
 * Those types carry no JSON tags, so their keys go over the wire as Go writes them: `NodeNames`.
 */

/** One question of the scheduler: which of these nodes for this pod? */
export interface Question {
  readonly pod: Pod;
  /** As they were sent: one may be named twice. */
  readonly nodes: readonly string[];
  /** True when whole Node objects were sent: `nodeCacheCapable` is off, which costs megabytes. */
  readonly sentWholeNodes: boolean;
}

export type ParsedQuestion =
  | { readonly ok: true; readonly question: Question }
  | { readonly ok: false; readonly problem: string };

/** Reads ExtenderArgs; a problem is a sentence for whoever sent it. */
export function parseQuestion(body: Uint8Array): ParsedQuestion {
  if (body.length === 0) return problem('the body is empty; send ExtenderArgs');
  const args = parseJson(body);
  if (!isRecord(args)) return problem('the body is not a JSON object; send ExtenderArgs');
  const { Pod: pod, NodeNames: names, Nodes: list } = args;
  if (!isRecord(pod) || !isRecord(pod.metadata) || !isRecord(pod.spec)) {
    return problem('ExtenderArgs has no Pod with metadata and spec; the key is "Pod"');
  }
  if (!Array.isArray(pod.spec.containers)) {
    return problem('ExtenderArgs: Pod.spec.containers is not a list');
  }
  if (isTextList(names)) return found(pod, names, false);
  if (isRecord(list) && Array.isArray(list.items)) {
    return found(pod, list.items.map(nodeName).filter(isText), true);
  }
  return problem('ExtenderArgs has neither NodeNames nor Nodes; set nodeCacheCapable: true');
}

/** A HostPriorityList. Integers only: one fraction makes the scheduler drop the whole answer. */
export function answerText(levels: readonly Level[]): string {
  return JSON.stringify(levels.map(({ node, score }) => ({ Host: node, Score: score })));
}

function found(pod: object, nodes: readonly string[], sentWholeNodes: boolean): ParsedQuestion {
  return {
    ok: true,
    question: { pod: pod as unknown as Pod, nodes, sentWholeNodes },
  };
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

function problem(sentence: string): ParsedQuestion {
  return { ok: false, problem: sentence };
}
