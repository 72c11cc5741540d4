import type { Pod } from '../../webhook/words/pod.ts';
import { Faults } from './faults.ts';
import type { Happening, Tell } from './happening.ts';
import { COLD_SECONDS, Kubelets } from './kubelet.ts';
import { Ledger } from './ledger.ts';
import { type ApiObject, Objects, Versions } from './objects.ts';
import { Outlook } from './outlook.ts';
import { type FleetNode, nodesInRacks } from './racks.ts';
import { Random } from './random.ts';
import { type ExtenderArgs, type HostPriorityList, Scheduler } from './scheduler.ts';
import type { FaultScript } from './script.ts';
import { Timeline } from './timeline.ts';
import { Workload } from './workload.ts';

/** Through these two doors, and through its API, Surefoot has to do with the fleet. */
export interface Doors {
  /** What the webhook makes of a pod that is to be created. */
  readonly admit: (pod: Pod) => Promise<Pod>;
  /** What the extender answers; `[]` for no opinion. Absent: the scheduler has no extender. */
  readonly prioritize?: (args: ExtenderArgs) => Promise<HostPriorityList>;
}

export interface FleetOptions {
  readonly script: FaultScript;
  readonly nodes: number;
  readonly seed: number;
  /** Seconds since 1970 at which it begins. */
  readonly startSeconds: number;
  readonly doors: Doors;
  readonly onHappening?: (happening: Happening) => void;
}

/** What the fleet's API server holds. */
export interface FleetApi {
  readonly namespaces: Objects<ApiObject>;
  readonly nodes: Objects<FleetNode>;
  readonly pods: Objects<Pod>;
}

/** A cluster whose devices fail: the same seed and the same answers give the same happenings. */
export class Fleet {
  readonly timeline: Timeline;
  readonly api: FleetApi;
  readonly kubelets: Kubelets;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly ledger = new Ledger(COLD_SECONDS);
  readonly outlook: Outlook;

  constructor({ script, nodes, seed, startSeconds, doors, onHappening }: FleetOptions) {
    const timeline = new Timeline(startSeconds);
    const versions = new Versions();
    this.timeline = timeline;
    this.api = {
      namespaces: new Objects('Namespace', versions),
      nodes: new Objects('Node', versions),
      pods: new Objects('Pod', versions),
    };
    const tell: Tell = (happening) =>
      onHappening?.({ atSeconds: timeline.nowSeconds, ...happening });
    for (const name of ['default', 'kube-system']) {
      this.api.namespaces.create({ metadata: { name } }, startSeconds);
    }
    for (const node of nodesInRacks(nodes, script.topology, startSeconds)) {
      this.api.nodes.create(node, startSeconds);
    }
    const sizes = new Map(script.workloads.map(({ image, imageBytes }) => [image, imageBytes]));
    const shared = { timeline, tell, nodes: this.api.nodes, pods: this.api.pods };
    this.kubelets = new Kubelets({ ...shared, imageBytes: (image) => sizes.get(image) ?? 0 });
    new Scheduler({
      ...shared,
      random: new Random(seed, 'scheduler'),
      ...(doors.prioritize !== undefined && { prioritize: doors.prioritize }),
    });
    const { kubelets } = this;
    this.workloads = new Map(
      script.workloads.map((entry) => [
        entry.name,
        new Workload(entry, {
          ...shared,
          kubelets,
          ledger: this.ledger,
          random: new Random(seed, `workload/${entry.name}`),
          admit: doors.admit,
        }),
      ]),
    );
    const { workloads, ledger } = this;
    const faults = new Faults(script, { ...shared, kubelets, seed, workloads });
    const { topology } = script;
    this.outlook = new Outlook({ ...shared, kubelets, workloads, faults, ledger, topology });
  }
}
