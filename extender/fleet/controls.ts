import { spanInWords } from '../../webhook/words/duration.ts';
import { REPAIR_SECONDS } from './faults.ts';
import type { Fleet } from './fleet.ts';
import { RACK_LABEL } from './racks.ts';

type Outcome = { readonly done: string } | { readonly problem: string };

/** What somebody who looks on may do to the fleet; it happens at the fleet's next moment. */
export interface FleetControls {
  /** A device of this node breaks, one that a pod has if any, and is repaired hours later. */
  readonly 'break-device': (node: string) => Outcome;
  /** The program of this pod (`namespace/name`) ends as after a segmentation fault. */
  readonly 'crash-pod': (pod: string) => Outcome;
  /** Every node of this rack is drained and boots anew. */
  readonly 'reboot-rack': (rack: string) => Outcome;
}

/** 128 + SIGSEGV. */
const SEGFAULT_EXIT_CODE = 139;

export function fleetControls({ api, kubelets, timeline }: Fleet): FleetControls {
  return {
    'break-device'(node) {
      const working = kubelets.devices(node).filter(({ isBroken }) => !isBroken);
      const device = working.find(({ holder }) => holder !== undefined) ?? working[0];
      if (device === undefined) return { problem: `${node} has no device that works` };
      timeline.after(0, () => kubelets.breakDevice(node, device.slot, REPAIR_SECONDS));
      const span = spanInWords(REPAIR_SECONDS);
      return { done: `${device.id} on ${node} breaks; it is repaired after ${span}` };
    },
    'crash-pod'(pod) {
      if (api.pods.get(pod)?.status?.phase !== 'Running') {
        return { problem: `${pod} does not run, so it cannot crash` };
      }
      timeline.after(0, () => kubelets.end(pod, SEGFAULT_EXIT_CODE));
      return { done: `${pod} crashes with exit code ${SEGFAULT_EXIT_CODE}` };
    },
    'reboot-rack'(rack) {
      const nodes = [...api.nodes.all()]
        .filter(({ metadata }) => metadata.labels?.[RACK_LABEL] === rack)
        .map(({ metadata: { name = '' } }) => name);
      if (nodes.length === 0) return { problem: `there is no rack "${rack}"` };
      for (const node of nodes) timeline.after(0, () => kubelets.reboot(node));
      return { done: `${nodes.length} nodes of ${rack} are drained and boot anew` };
    },
  };
}
