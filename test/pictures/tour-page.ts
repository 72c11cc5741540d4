import type { Express } from 'express';
import { placementOf } from '../../extender/decisions/placed.ts';
import { DecisionRecord } from '../../extender/decisions/record.ts';
import { Captions } from '../../extender/fleet/captions.ts';
import { Fleet } from '../../extender/fleet/fleet.ts';
import { placementIn } from '../../extender/report/fleet-report.ts';
import { type PlacementDay, withPlacement } from '../../extender/savings/placement-sums.ts';
import { shippedConfiguration, tour } from '../../extender/simulation/script-files.ts';
import { SurefootInProcess } from '../../extender/simulation/surefoot-in-process.ts';
import { journalOf } from '../../extender/wiring/journal.ts';
import { ABOUT, pageOf } from '../fake/page.ts';

const NODES = 24;
const SEED = 1;
const START_SECONDS = Date.UTC(2026, 10, 30, 9) / 1000;
/** After the device fault and the reboot, when the group has come home for the second time. */
const UNTIL_MINUTES = 52;

/** The page of `npm start` at one moment of its tour, the same each time. */
export async function tourPage(): Promise<Express> {
  const { profiles, extender } = shippedConfiguration();
  const surefoot = new SurefootInProcess(profiles, extender);
  const nowSeconds = () => fleet.timeline.nowSeconds;
  const captions = new Captions();
  const fleet: Fleet = new Fleet({
    script: tour(),
    nodes: NODES,
    seed: SEED,
    startSeconds: START_SECONDS,
    doors: surefoot.doors(nowSeconds),
    onHappening: (one) => captions.happened(one),
  });
  const decisions = new DecisionRecord();
  const journal = journalOf(surefoot.engine, nowSeconds);
  let days: ReadonlyMap<string, PlacementDay> = new Map();
  surefoot.onDecision((decision) => decisions.add(decision));
  surefoot.engine.ingest.subscribe({
    bound({ uid, node = '' }, at) {
      const decision = decisions.bound(uid, node, at);
      const placement = decision && placementOf(decision);
      if (placement !== undefined) days = withPlacement(days, placement);
    },
  });
  surefoot.watch(fleet.api, nowSeconds);
  for (let minute = 1; minute <= UNTIL_MINUTES; minute += 1) {
    await fleet.timeline.runUntil(START_SECONDS + minute * 60);
    surefoot.snapshot(nowSeconds());
  }
  const at = new Date(nowSeconds() * 1000).toISOString();
  return pageOf({
    decisions,
    snapshot: () => surefoot.snapshot(nowSeconds()),
    entries: (count) => journal.latest(count),
    placements: () => [...days.values()],
    health: {
      ...ABOUT,
      at,
      cluster: 'built-in-fleet',
      certificateEndsAt: new Date((START_SECONDS + 80 * 86_400) * 1000).toISOString(),
      question: { at, scheduler: 'default-scheduler' },
      placement: placementIn([...days.values()], {
        fromSeconds: START_SECONDS,
        nowSeconds: nowSeconds(),
      }),
    },
    story: { speed: 60, caption: () => captions.at(nowSeconds()) },
  });
}
