import type { PodFacts } from '../../extender/facts/facts.ts';
import { podFacts } from '../../extender/facts/pods.ts';
import { Endings } from '../../extender/gates/endings.ts';
import { GatedPods } from '../../extender/gates/gated-pods.ts';
import { Ledger } from '../../extender/gates/ledger.ts';
import { planGates, type Step } from '../../extender/gates/plan.ts';
import { wouldHaveWaited } from '../../extender/gates/would-have-waited.ts';
import { HOME_GATE } from '../../webhook/words/keys.ts';
import type { Pod, PodSpec } from '../../webhook/words/pod.ts';
import { makeNode } from './facts.ts';
import { makeMember, runningOn } from './gang.ts';
import { makeIngest } from './ingest.ts';
import { makeProfile } from './profile.ts';

const BEGUN = 1_000_000;
const PROFILES = [makeProfile({ waitForHome: '60s', checkpoint: '1h' })];

/** A fleet whose pods may wait a minute for their own node; times are seconds after it began. */
export function makeGatedFleet(...nodes: readonly string[]) {
  const { engine, ingest, cluster } = makeIngest({ profiles: PROFILES });
  const endings = new Endings();
  ingest.subscribe({
    podChanged: (pod, at) => endings.podChanged(pod, at),
    podRemoved: (pod, at) => endings.podRemoved(pod, at),
  });
  const gated = new GatedPods();
  const decide = (at: number) => (pod: PodFacts, names: readonly string[]) =>
    engine.decide(
      pod,
      Int32Array.from(names, (name) => cluster.index.of(name)),
      BEGUN + at,
    );
  const setNode = (overrides: Parameters<typeof makeNode>[0], at = 0) =>
    ingest.nodeChanged(makeNode(overrides), BEGUN + at);
  for (const name of nodes) setNode({ name });
  function see(pod: Pod, at: number): void {
    gated.seen(pod, BEGUN + at);
    ingest.podChanged(podFacts(pod, PROFILES), false, BEGUN + at);
  }
  return {
    engine,
    ingest,
    gated,
    setNode,
    /** A member as it runs since then; default: the beginning. */
    run(pod: Pod, node: string, at = 0): Pod {
      const running = runningOn(pod, node, BEGUN + at);
      see(running, at);
      return running;
    },
    crash(pod: Pod, at: number): void {
      see({ ...pod, status: { ...pod.status, phase: 'Failed' } }, at);
    },
    /** Somebody has asked for its deletion, with so much grace. */
    end(pod: Pod, at: number, graceSeconds: number): Pod {
      const deletionTimestamp = new Date((BEGUN + at + graceSeconds) * 1000);
      const ending = { ...pod, metadata: { ...pod.metadata, deletionTimestamp } };
      see(ending, at);
      return ending;
    },
    remove(pod: Pod, at: number): void {
      ingest.podRemoved(pod.metadata.uid ?? '', BEGUN + at);
    },
    /** A pod of the same slot that waits at our gate, or at these. */
    wait(pod: Pod, at: number, spec: Partial<PodSpec> = {}, nominatedNodeName?: string): Pod {
      const waiting: Pod = {
        ...pod,
        metadata: { ...pod.metadata, creationTimestamp: new Date((BEGUN + at) * 1000) },
        spec: { ...pod.spec, schedulingGates: [{ name: HOME_GATE }], ...spec },
        status: { phase: 'Pending', ...(nominatedNodeName && { nominatedNodeName }) },
      };
      see(waiting, at);
      return waiting;
    },
    /** Binds a pod that had no gate, and tells what it would have saved by waiting. */
    bindElsewhere(pod: Pod, node: string, at: number): string | undefined {
      let said: string | undefined;
      const { status: _, ...pending } = pod;
      see({ ...pending, status: { phase: 'Pending' } }, at);
      ingest.subscribe({
        bound: (bound) => {
          const snapshot = engine.snapshot(BEGUN + at);
          said = wouldHaveWaited({ pod: bound, snapshot, endings, decide: decide(at) })?.words;
        },
      });
      see({ ...pod, spec: { ...pod.spec, nodeName: node }, status: { phase: 'Pending' } }, at);
      return said;
    },
    /** What is to be done at that moment, as lines. */
    plan(at: number): readonly string[] {
      const nowSeconds = BEGUN + at;
      const snapshot = engine.snapshot(nowSeconds);
      const ledger = new Ledger(snapshot, endings);
      for (const pod of cluster.pending()) {
        const node = pod.schedulingConstraints?.nominatedNode;
        if (node !== undefined) ledger.hold(pod, node);
      }
      const steps = planGates({
        waiting: [...gated.all()],
        snapshot,
        endings,
        ledger,
        decide: decide(at),
      });
      return steps.map(inWords);
    },
  };
}

/** `train-0: nominate gpu-1, lift: waited 3 s ...`. */
function inWords({ waiting, nominate, lift, waits }: Step): string {
  const parts = [
    ...(nominate === undefined ? [] : [nominate === null ? 'withdraw' : `nominate ${nominate}`]),
    ...(waits === undefined ? [] : [waits.words]),
    ...(lift === undefined ? [] : [`lift: ${lift.words}`]),
  ];
  return `${waiting.name}: ${parts.join(', ')}`;
}

/** The next pod of a slot of a job that asks for whole nodes. */
export const member = (job: string, index: number, attempt = 0) => makeMember(job, index, attempt);
