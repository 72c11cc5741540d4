import { tableText } from '../../../extender/commands/terminal/table.ts';
import { podFacts } from '../../../extender/facts/pods.ts';
import { ForecastCache } from '../../../extender/prioritize/forecast-cache.ts';
import { prioritize } from '../../../extender/prioritize/prioritize.ts';
import { named } from '../../../extender/prioritize/wire.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { GPU, makeNode } from '../../make/facts.ts';
import { makeMember, runningOn } from '../../make/gang.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeProfile } from '../../make/profile.ts';
import { median } from './open-loop.ts';

const NODES = 5000;
const NODES_PER_RACK = 8;
const MEMBERS = 512;
const QUESTIONS = 400;
const ROUNDS = 9;
const PROFILES = [makeProfile()];

/**
 * What it costs to place a job as a job: questions about a member of a gang of 512, beside the same question about a pod
 * that is on its own, on the same 5,000 nodes in 625 racks; without sockets.
 */
export function benchGang(output: 'table' | 'json'): void {
  const rows = [
    { name: 'a pod of its own', ...fleet(0, 0), job: undefined },
    { name: 'the first of 512', ...fleet(0, 0), job: 'train' },
    { name: 'the last of 512', ...fleet(MEMBERS - 1, 0), job: 'train' },
    { name: '512 homes away', ...fleet(0, MEMBERS), job: 'train' },
    { name: '512 homes of another job away', ...fleet(0, MEMBERS), job: undefined },
  ].map(({ name, ask, job }) => ({ name, ask, job, micros: [] as number[] }));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { ask, job, micros } of rows) {
      const begun = performance.now();
      for (let call = 0; call < QUESTIONS; call += 1) ask(job, call);
      // The first round warms up.
      if (round > 0) micros.push(((performance.now() - begun) * 1000) / QUESTIONS);
    }
  }
  const [alone = 1] = rows.map(({ micros }) => median(micros));
  const figures = rows.map(({ name, micros }) => {
    const each = median(micros);
    return { name, microsAQuestion: Math.round(each), ofAlone: Number((each / alone).toFixed(2)) };
  });
  console.log(
    output === 'json'
      ? JSON.stringify(figures, null, 2)
      : tableText([
          ['', 'µs A QUESTION', 'OF A POD OF ITS OWN'],
          ...figures.map(({ name, microsAQuestion, ofAlone }) => [
            name,
            String(microsAQuestion),
            `${ofAlone} x`,
          ]),
        ]),
  );
}

/** A fleet on which so many members of the job are, and so many have left. */
function fleet(
  bound: number,
  away: number,
): { ask: (job: string | undefined, call: number) => void } {
  const made = makeIngest({ profiles: PROFILES });
  const { ingest, cluster, engine } = made;
  const names = Array.from({ length: NODES }, (_none, index) => `gpu-${index}`);
  for (const [index, name] of names.entries()) {
    const rack = `rack-${Math.floor(index / NODES_PER_RACK)}`;
    ingest.nodeChanged(makeNode({ name, rack, createdAtSeconds: -1e8 }), 0);
  }
  for (let index = 0; index < bound + away; index += 1) {
    const pod = runningOn(makeMember('train', index), names[index * 9] ?? '', 0);
    ingest.podChanged(podFacts(pod, PROFILES), false, 0);
    if (index < bound) continue;
    const gone = { ...pod, status: { ...pod.status, phase: 'Failed' } };
    ingest.podChanged(podFacts(gone, PROFILES), false, 80_000);
  }
  const cache = new ForecastCache();
  const asked = names.filter((name) => {
    const node = cluster.node(name);
    return node !== undefined && cluster.freeDevices(node, GPU) === 8;
  });
  const nodes = named(asked, cluster.index);
  return {
    ask(job, call) {
      const pod = podOf(job, MEMBERS - 1, 1 + call);
      prioritize({ pod, ...nodes, sentWholeNodes: false }, engine.snapshot(80_010), cache);
    },
  };
}

/** A member of a Job; without one a pod of its own that asks for the same. */
function podOf(job: string | undefined, index: number, call: number): Pod {
  const member = makeMember(job ?? 'alone', index, call);
  if (job !== undefined) return member;
  const { ownerReferences: _none, ...metadata } = member.metadata;
  const { 'batch.kubernetes.io/job-completion-index': _index, ...annotations } =
    metadata.annotations ?? {};
  return { ...member, metadata: { ...metadata, annotations } };
}
