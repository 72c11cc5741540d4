import { Fleet, type FleetOptions } from '../../extender/fleet/fleet.ts';
import type { Happening } from '../../extender/fleet/happening.ts';
import { parseScript } from '../../extender/fleet/script.ts';
import { tolerating } from '../../extender/simulation/rivals/policy.ts';
import type { Pod } from '../../webhook/words/pod.ts';

export const FLEET_START_SECONDS = 1_800_000_000;

/** For fleets without a webhook. */
export async function admitTolerating(pod: Pod): Promise<Pod> {
  return tolerating(pod);
}

/** A fleet of this script without Surefoot, and everything that happens in it. */
export function makeFleet(
  script: string,
  options: Partial<FleetOptions> = {},
): { readonly fleet: Fleet; readonly log: readonly Happening[] } {
  const header = 'apiVersion: fleet.surefoot.dev/v1alpha1\nkind: FaultScript\n';
  const parsed = parseScript('script', script.startsWith('#') ? script : header + script);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const log: Happening[] = [];
  const fleet = new Fleet({
    script: parsed.value,
    nodes: 4,
    seed: 1,
    startSeconds: FLEET_START_SECONDS,
    doors: { admit: admitTolerating },
    onHappening: (happening) => log.push(happening),
    ...options,
  });
  return { fleet, log };
}
