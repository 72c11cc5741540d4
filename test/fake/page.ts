import type { Express } from 'express';
import type { DecisionRecord } from '../../extender/decisions/record.ts';
import type { LossTerm } from '../../extender/forecast/loss-terms.ts';
import { type PageDeps, pageApp } from '../../extender/page/api.ts';
import { LiveFeed, type Story } from '../../extender/page/live.ts';
import type { Entry, ShownAbout, ShownHealth } from '../../extender/page/shapes.ts';
import type { PlacementDay } from '../../extender/savings/placement-sums.ts';
import type { Snapshot } from '../../extender/state/snapshot.ts';
import { storedForm } from '../../extender/wiring/stored-form.ts';
import { listening } from './listening.ts';

export const NO_SIGNALS = {
  keepsHistory: true,
  rows: [],
  unmapped: [],
  refused: [],
  uncovered: [],
};

/** An extender that is well. */
export const ABOUT: ShownAbout = {
  at: '1970-01-01T00:16:40.000Z',
  version: '0.1.0',
  cluster: 'training-eu',
  mode: 'act',
  identity: 'surefoot-extender-1',
  leads: true,
  problems: [],
  watches: [{ kind: 'nodes', heardAt: '1970-01-01T00:16:38.000Z' }],
  question: { at: '1970-01-01T00:16:37.000Z', scheduler: 'surefoot-scheduler' },
  questions: 12,
  certificateEndsAt: '1970-03-01T12:00:00.000Z',
  fleet: { nodes: 4, devices: 32, bad: 1, elevated: 1, high: 1 },
  placement: {
    act: { placed: 40, hadHome: 8, wentHome: 7, savedDeviceHours: 3.2, low: 2.1, high: 4.3 },
  },
  pods: { devicePods: 9, pending: 1, gated: 0, unprepared: 0 },
};

/** The page's port with these decisions, and nothing else to tell; gives its address. */
export function servingPage(deps: ServedDeps): Promise<string> {
  return listening(pageOf(deps));
}

export interface ServedDeps {
  readonly decisions: DecisionRecord;
  readonly snapshot: () => Snapshot;
  readonly terms?: readonly LossTerm[];
  /** The latest first; default: none. */
  readonly entries?: (count: number) => readonly Entry[];
  /** Default: an extender that is well. */
  readonly health?: ShownHealth;
  readonly placements?: () => readonly PlacementDay[];
  readonly story?: Story;
  readonly wroteOn?: PageDeps['wroteOn'];
}

/** The page, its JSON and its stream, with these facts. */
export function pageOf({ health = ABOUT, placements, entries, ...deps }: ServedDeps): Express {
  const cluster = () => health.cluster;
  const live = new LiveFeed({
    ...deps,
    entries: entries ?? (() => []),
    controls: [],
    cluster,
    alarm: () => undefined,
  });
  return pageApp({
    ...deps,
    live,
    wroteOn: deps.wroteOn ?? (async () => undefined),
    signals: () => NO_SIGNALS,
    about: async () => ABOUT,
    health: async () => health,
    cluster,
    placements: placements ?? (() => []),
    storedForm,
  });
}
