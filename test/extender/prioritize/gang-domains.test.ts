import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { podFacts } from '../../../extender/facts/pods.ts';
import { namedScores, type Verdict } from '../../../extender/prioritize/prioritize.ts';
import { named } from '../../../extender/prioritize/wire.ts';
import type { ExtenderConfig } from '../../../extender/settings.ts';
import { MemoryStore } from '../../../extender/storage/memory.ts';
import { Engine } from '../../../extender/wiring/engine.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { CATALOGUE } from '../../make/catalogue.ts';
import { ACTING } from '../../make/configuration.ts';
import { GPU, makeImages, makeNode } from '../../make/facts.ts';
import { makeMember, runningOn } from '../../make/gang.ts';
import { makeProfile } from '../../make/profile.ts';

const IMAGE = 'registry.example/train:1';
const BLOCK = 'topology.kubernetes.io/block';
/** A block is a rack here, with a slowdown of 5 % for whoever leaves it. */
const SLOWING: Partial<ExtenderConfig> = { topology: [{ labels: [BLOCK], slowdown: 0.05 }] };

interface Fleet {
  readonly racks: number;
  readonly nodesPerRack: number;
  readonly config?: Partial<ExtenderConfig>;
  /** Nodes that have the image; default: none. */
  readonly cached?: readonly string[];
}

/** A fleet of whole nodes, on which pods of Jobs are placed as the scheduler would, by our answer alone. */
function fleetOf({ racks, nodesPerRack, config = {}, cached = [] }: Fleet) {
  const profiles = [makeProfile()];
  const engine = new Engine({
    store: new MemoryStore(),
    catalogue: () => CATALOGUE,
    config: () => ({ ...ACTING, ...config }),
    profiles: () => profiles,
    log: pino({ level: 'silent' }),
  });
  const { ingest, cluster } = engine;
  ingest.becomeLeader(0);
  const names: string[] = [];
  for (let rack = 0; rack < racks; rack += 1) {
    for (let at = 0; at < nodesPerRack; at += 1) {
      const name = `gpu-${rack}-${at}`;
      names.push(name);
      const images = cached.includes(name) ? makeImages([IMAGE, 12e9]) : [];
      const where = { rack: `r${rack}`, domains: [`b${rack}`] };
      ingest.nodeChanged(makeNode({ name, ...where, images, createdAtSeconds: -1e8 }), 0);
    }
  }
  // Somebody elsewhere lists the image, so that its size is known.
  ingest.nodeChanged(makeNode({ name: 'elsewhere', images: makeImages([IMAGE, 12e9]) }), 0);
  let nowSeconds = 1000;
  const free = () =>
    names.filter((name) => {
      const node = cluster.node(name);
      return node !== undefined && cluster.freeDevices(node, GPU) === 8;
    });
  const tell = (pod: Pod) => ingest.podChanged(podFacts(pod, profiles), false, nowSeconds);
  function ask(pod: Pod): Verdict & { kind: 'decision' } {
    const question = { pod, ...named(free(), cluster.index), sentWholeNodes: false };
    const verdict = engine.prioritize(question, nowSeconds);
    if (verdict.kind !== 'decision') throw new Error(verdict.reason.words);
    return verdict;
  }
  function chosen(pod: Pod): string {
    const scores = namedScores(ask(pod).answer, cluster);
    const most = Math.max(...scores.map(({ score }) => score));
    return scores.find(({ score }) => score === most)?.node ?? '';
  }
  return {
    ask,
    chosen,
    tell,
    pass: (seconds: number) => {
      nowSeconds += seconds;
    },
    /** Creates all members, then places them one by one. Gives the nodes. */
    place(job: string, members: number, attempt = 0): readonly string[] {
      const pods = Array.from({ length: members }, (_none, index) => member(job, index, attempt));
      for (const pod of pods) tell(pod);
      return pods.map((pod) => {
        const node = chosen(pod);
        tell(runningOn(pod, node, nowSeconds));
        return node;
      });
    },
    /** All of them end, because one of them has crashed. */
    end(job: string, nodes: readonly string[], attempt = 0) {
      for (const [index, node] of nodes.entries()) {
        const pod = runningOn(member(job, index, attempt), node, 1000);
        tell({ ...pod, status: { ...pod.status, phase: 'Failed' } });
        ingest.podRemoved(pod.metadata.uid ?? '', nowSeconds);
      }
    },
  };
}

function member(job: string, index: number, attempt = 0): Pod {
  return makeMember(job, index, attempt, { 'surefoot.dev/expected-duration': '24h' });
}

const racksOf = (nodes: readonly string[]) =>
  new Set(nodes.map((node) => node.slice(0, node.lastIndexOf('-')))).size;

describe('a gang', () => {
  test.each([
    { members: 16, racks: 2 },
    { members: 64, racks: 8 },
    { members: 20, racks: 3 },
  ])('of $members is placed in $racks racks of eight, asked one by one', ({ members, racks }) => {
    const fleet = fleetOf({ racks: 30, nodesPerRack: 8 });
    expect(racksOf(fleet.place('a', members))).toBe(racks);
    expect(racksOf(fleet.place('b', members))).toBe(racks);
  });

  test('leaves whole racks whole: a small one goes where a rack is begun', () => {
    const fleet = fleetOf({ racks: 4, nodesPerRack: 8 });
    const [first = ''] = fleet.place('a', 5);
    const second = fleet.place('b', 3);
    expect(racksOf([first, ...second])).toBe(1);
  });

  test('gets the same answer from two replicas', () => {
    const [one, other] = [0, 1].map(() => fleetOf({ racks: 12, nodesPerRack: 8 }));
    const first = new Set(one?.place('a', 16).map((node) => node.slice(0, -2)));
    const second = new Set(other?.place('a', 16).map((node) => node.slice(0, -2)));
    expect(first).toEqual(second);
  });

  test('outages break ties only: an image elsewhere is worth more, and the reason says both', () => {
    const fleet = fleetOf({ racks: 3, nodesPerRack: 4, cached: ['gpu-2-0'] });
    const [first = ''] = fleet.place('a', 1);
    expect(first).toBe('gpu-2-0');
    fleet.tell(member('a', 1));
    const { decision } = fleet.ask(member('a', 1));
    const words = (node: string) =>
      decision.forecastOn?.(node)?.forecast.seconds.sharedDomain ?? Number.NaN;
    expect(words('gpu-2-1')).toBe(0);
    // Half a checkpoint interval and a restart, 2,100 s, for a day, at 3e-4 a rack-day.
    expect(words('gpu-1-0')).toBeCloseTo(0.62, 1);
  });

  test('that is slower elsewhere takes the spare of its own block before a better one outside', () => {
    const outside = ['gpu-1-0', 'gpu-1-1', 'gpu-1-2'];
    const fleet = fleetOf({ racks: 2, nodesPerRack: 4, config: SLOWING, cached: outside });
    const free = fleetOf({ racks: 2, nodesPerRack: 4, cached: outside });
    for (const { tell } of [fleet, free]) {
      for (const at of [0, 1, 2]) tell(runningOn(member('a', at), `gpu-0-${at}`, 1000));
      tell(member('a', 3));
    }
    expect(free.chosen(member('a', 3))).toMatch(/^gpu-1-/);
    expect(fleet.chosen(member('a', 3))).toBe('gpu-0-3');
    const { decision } = fleet.ask(member('a', 3));
    const told = decision.forecastOn?.('gpu-1-0')?.forecast;
    expect(told?.seconds.leavesDomain).toBeCloseTo(0.05 * 86_400, 6);
    expect(told?.candidate.domain?.leaves).toBe('b0, where its job is');
  });

  test('goes outside where no spare is left inside, and nothing is charged for what has to be', () => {
    const fleet = fleetOf({ racks: 2, nodesPerRack: 4, config: SLOWING });
    for (const at of [0, 1, 2, 3]) fleet.tell(runningOn(member('a', at), `gpu-0-${at}`, 1000));
    fleet.tell(member('a', 4));
    expect(fleet.chosen(member('a', 4))).toMatch(/^gpu-1-/);
    const { decision } = fleet.ask(member('a', 4));
    expect(decision.forecastOn?.('gpu-1-0')?.forecast.seconds.leavesDomain).toBe(0);
    expect(decision.remarks.map(({ words }) => words)).toEqual([
      'no candidate has room in b0, where its job is, so it has to go elsewhere',
    ]);
  });

  test('comes home as it was, where that is no slower', () => {
    const fleet = fleetOf({ racks: 8, nodesPerRack: 4 });
    const scattered = Array.from({ length: 8 }, (_none, rack) => `gpu-${rack}-0`);
    for (const [index, node] of scattered.entries())
      fleet.tell(runningOn(member('a', index), node, 1000));
    fleet.pass(7200);
    fleet.end('a', scattered);
    fleet.pass(10);
    expect(fleet.place('a', 8, 1)).toEqual(scattered);
  });

  test('is gathered when it starts again, where being scattered costs more than coming home saves', () => {
    const fleet = fleetOf({ racks: 8, nodesPerRack: 8, config: SLOWING });
    const scattered = Array.from({ length: 8 }, (_none, rack) => `gpu-${rack}-0`);
    for (const [index, node] of scattered.entries())
      fleet.tell(runningOn(member('a', index), node, 1000));
    fleet.pass(7200);
    fleet.end('a', scattered);
    fleet.pass(10);
    for (let index = 0; index < 8; index += 1) fleet.tell(member('a', index, 1));
    const { decision } = fleet.ask(member('a', 0, 1));
    // The homes of its other members are not kept for them, so nobody is displaced there.
    expect(decision.forecastOn?.('gpu-1-0')?.forecast.seconds.displaced).toBe(0);
    expect(decision.remarks.map(({ words }) => words)).toEqual([
      'the job is gathered in 1 rack in the place of 8: that saves 72 min and costs at most 306 s, so homes do not count',
    ]);
    expect(racksOf(fleet.place('a', 8, 1))).toBe(1);
  });
});

test('a job that says nothing of its duration is expected to run as long again as it has', () => {
  const domainsOf = (index: number, days: number) => {
    const fleet = fleetOf({ racks: 2, nodesPerRack: 4, config: SLOWING });
    fleet.tell(runningOn(unsaid(0), 'gpu-0-0', 1000));
    fleet.pass(days * 86_400);
    const { decision } = fleet.ask(unsaid(index));
    return decision.forecastOn?.('gpu-1-0')?.forecast.seconds.leavesDomain ?? Number.NaN;
  };
  expect(domainsOf(1, 0)).toBeCloseTo(0.05 * 86_400, -2);
  expect(domainsOf(1, 10)).toBeCloseTo(0.05 * 10 * 86_400, -2);
  expect(domainsOf(1, 100)).toBeCloseTo(0.05 * 30 * 86_400, -2);
});

/** A member of a job without a word about how long it runs. */
function unsaid(index: number): Pod {
  const pod = member('long', index);
  const { 'surefoot.dev/expected-duration': _none, ...annotations } =
    pod.metadata.annotations ?? {};
  const creationTimestamp = new Date(1000 * 1000);
  return { ...pod, metadata: { ...pod.metadata, annotations, creationTimestamp } };
}

test('notebooks of a StatefulSet, replicas and lone pods are not gathered', () => {
  const fleet = fleetOf({ racks: 4, nodesPerRack: 4, config: SLOWING });
  const notebook = (index: number): Pod => {
    const pod = member('nb', index);
    const { annotations = {}, ...metadata } = pod.metadata;
    const { 'batch.kubernetes.io/job-completion-index': _none, ...others } = annotations;
    return {
      ...pod,
      metadata: {
        ...metadata,
        name: `nb-${index}`,
        annotations: others,
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'nb', controller: true },
        ],
      },
    };
  };
  fleet.tell(runningOn(notebook(0), 'gpu-0-0', 1000));
  fleet.tell(notebook(1));
  const { decision } = fleet.ask(notebook(1));
  for (const node of ['gpu-0-1', 'gpu-3-0']) {
    expect(decision.forecastOn?.(node)?.forecast.candidate.domain).toBeUndefined();
  }
});

test('a job of any size costs a question no more than one of a thousand members', () => {
  const fleet = fleetOf({ racks: 200, nodesPerRack: 8, config: SLOWING });
  const ask = () => {
    const begun = performance.now();
    for (let call = 0; call < 20; call += 1) fleet.ask(member('small', 0));
    return performance.now() - begun;
  };
  for (let index = 0; index < 30_000; index += 1) fleet.tell(member('huge', index));
  fleet.ask(member('small', 0));
  const small = Math.min(ask(), ask(), ask());
  const huge = () => {
    const begun = performance.now();
    for (let call = 0; call < 20; call += 1) fleet.ask(member('huge', 0));
    return performance.now() - begun;
  };
  fleet.ask(member('huge', 0));
  expect(Math.min(huge(), huge(), huge()) / small).toBeLessThan(5);
}, 30_000);
