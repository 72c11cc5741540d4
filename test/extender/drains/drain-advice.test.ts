import { describe, expect, test } from 'vitest';
import {
  type DrainedJob,
  type DrainedNode,
  drainAdvice,
} from '../../../extender/drains/drain-advice.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const TERMS = { takesSeconds: HOUR / 4, staysSeconds: 30 * DAY };

function makeJob(overrides: Partial<DrainedJob> = {}): DrainedJob {
  return {
    name: 'ml/train-0',
    devices: 4,
    devicesHere: 4,
    ranSeconds: 2 * HOUR,
    remainingSeconds: 4 * HOUR,
    checkpointSeconds: HOUR,
    accumulates: true,
    restartSeconds: 600,
    restartsPerDay: 0,
    ...overrides,
  };
}

function advise(overrides: Partial<DrainedNode>) {
  return drainAdvice(
    { node: 'gpu-7', devices: 8, broken: 1, jobs: [], faultsPerDay: 0, ...overrides },
    TERMS,
  );
}

describe('drainAdvice', () => {
  test.each<[string, Partial<DrainedNode>, string]>([
    [
      'a node that is idle is taken at once',
      {},
      'nothing runs there: 1.8 device-hours while the work is done',
    ],
    [
      'a job with a fresh checkpoint is cheaper to interrupt than to wait for',
      { jobs: [makeJob()] },
      'take it now: 4.4 device-hours, waiting until it is idle 18 device-hours',
    ],
    [
      'one that has worked for days without a checkpoint is waited for',
      { jobs: [{ ...makeJob({ ranSeconds: 3 * DAY }), checkpointSeconds: undefined } as never] },
      'cordon it and wait for ml/train-0, which leaves in about 4 h: 18 device-hours, now 290 device-hours',
    ],
    [
      'the short one is waited for, the long one is not',
      {
        devices: 2,
        jobs: [
          makeJob({ name: 'ml/short', devices: 64, devicesHere: 1, remainingSeconds: 600 }),
          makeJob({ name: 'ml/long', devices: 1, devicesHere: 1, remainingSeconds: 9 * DAY }),
        ],
      },
      'cordon it and take it once ml/short has left, in about 10 min: 0.9 device-hours, now 44 device-hours',
    ],
    [
      'a gang that its other nodes restart often is waited for, however long it is to run',
      {
        broken: 1,
        jobs: [
          makeJob({
            name: 'ml/gang',
            devices: 2048,
            devicesHere: 7,
            remainingSeconds: 30 * DAY,
            restartsPerDay: 6,
          }),
        ],
      },
      'cordon it and wait for ml/gang, which leaves in about 4 h: 5.8 device-hours, now 1,367 device-hours',
    ],
    [
      'a gang that seldom restarts keeps its node, one device of which is broken',
      { jobs: [makeJob({ devices: 4096, devicesHere: 4, remainingSeconds: 60 * DAY })] },
      'leave it: 1 broken device for 30 days cost 720 device-hours, taking it now 2,732 device-hours',
    ],
    [
      'a server loses no work, and nobody waits for its end',
      {
        jobs: [makeJob({ accumulates: false, remainingSeconds: Number.POSITIVE_INFINITY })],
      },
      'take it now: 2.4 device-hours',
    ],
  ])('%s', (_name, node, words) => {
    expect(advise(node).words).toBe(words);
  });

  test('a fault that is likely makes waiting dearer', () => {
    const job = makeJob({ ranSeconds: 6 * HOUR, remainingSeconds: 2 * HOUR, devices: 100 });
    const at = (faultsPerDay: number) => advise({ jobs: [job], faultsPerDay }).best.when;
    expect([at(0), at(60)]).toEqual(['idle', 'now']);
  });

  test('looks at every moment, and never only where something is broken', () => {
    const jobs = [makeJob(), makeJob({ name: 'ml/other', remainingSeconds: HOUR })];
    const whens = (broken: number) => advise({ jobs, broken }).times.map(({ when }) => when);
    expect(whens(1)).toEqual(['now', 'after', 'idle', 'never']);
    expect(whens(0)).toEqual(['now', 'after', 'idle']);
  });
});
