import { tableText } from '../../../extender/commands/terminal/table.ts';
import type { HostLife } from '../../../extender/hazard/experience.ts';
import { lifeOf } from '../../../extender/hazard/host-life.ts';
import { deviceHazard } from '../../../extender/hazard/pod-hazard.ts';
import { fleetRates } from '../../../extender/hazard/rates.ts';
import { type Exposure, withEra, withWork } from '../../../extender/history/exposure.ts';
import { blankHistory, type HostHistory } from '../../../extender/history/host-history.ts';
import type { KnownDevice } from '../../../extender/history/swap.ts';
import { GPU, makeIncident } from '../../make/facts.ts';
import { heapMeter } from './heap.ts';
import { median } from './open-loop.ts';

const HOSTS = 5000;
const DEVICES = 8;
const INCIDENTS_A_HOST = 10;
const CALLS = 20_000;
const DAY = 86_400;
const NOW = 400 * DAY;

/** What the hazard costs: state of one device, one update of it, and a lesson from the whole fleet. */
export function benchHazard(output: 'table' | 'json'): void {
  const heap = heapMeter();
  const empty = heap();
  const states = Array.from({ length: HOSTS }, (_none, index) => ({
    exposure: exposureOf(index),
    devices: devicesOf(index),
  }));
  const bytesPerDevice = (heap() - empty) / (HOSTS * DEVICES);
  const histories = states.map(
    ({ exposure, devices }, index): HostHistory => ({
      ...blankHistory(`uuid:host-${index}`),
      exposure,
      devices,
      capacityPeaks: { [GPU]: DEVICES },
      incidents: incidentsOf(index),
    }),
  );
  const lives = () => histories.map((history): HostLife => lifeOf(history, 200, NOW));
  const lessonMs = medianMs(9, () => fleetRates(lives(), NOW));
  const rates = fleetRates(lives(), NOW);
  const updateMs = medianMs(9, () => {
    for (let call = 0; call < CALLS; call += 1) {
      const history = histories[call % HOSTS] as HostHistory;
      const exposure = withWork(history.exposure, 1, 60, NOW + 60);
      const busyDays = exposure.busyDays;
      const host = { ...history, exposure, busyDays, nowSeconds: NOW };
      deviceHazard({ resource: GPU, total: DEVICES, id: idOf(call % HOSTS, 3) }, host, rates);
    }
  });
  let sink = 0;
  const countsMs = medianMs(9, () => {
    for (let call = 0; call < CALLS; call += 1) {
      const { incidents } = histories[call % HOSTS] as HostHistory;
      for (const { closedAtSeconds = NOW } of incidents) {
        const days = (NOW - closedAtSeconds) / DAY;
        sink += 2 ** (-days / 3) + 2 ** (-days / 90) + 0.1;
      }
    }
  });
  const figures = {
    hosts: HOSTS,
    incidents: HOSTS * INCIDENTS_A_HOST,
    bytesPerDevice: Math.round(bytesPerDevice),
    updateMicroseconds: Number(((updateMs * 1000) / CALLS).toFixed(2)),
    timesTwoDecayedCounts: Number((updateMs / countsMs).toFixed(1)),
    lessonMilliseconds: Number(lessonMs.toFixed(1)),
  };
  if (sink < 0) throw new Error('the opponent was not run');
  if (output === 'json') console.log(JSON.stringify(figures, null, 2));
  else {
    console.log(
      tableText([
        ['what', 'measured', 'goal'],
        ['state of one device, incidents apart', `${figures.bytesPerDevice} bytes`, '256 bytes'],
        ['more work and the hazard after it', `${figures.updateMicroseconds} µs`, '20 µs'],
        [
          'against two decayed counts of the same incidents',
          `${figures.timesTwoDecayedCounts} x`,
          '',
        ],
        [
          `what ${HOSTS} hosts with ${figures.incidents} incidents teach`,
          `${figures.lessonMilliseconds} ms`,
          'once a minute',
        ],
      ]),
    );
  }
}

function exposureOf(index: number): Exposure {
  const cohorts = (age: number) =>
    `model=H100|driver=580.95|block=b${index % 10}|rack=r${index % 300}|age=${age}`;
  const empty: Exposure = { busyDays: 0, atSeconds: 0, eras: [] };
  return [0, 91, 182].reduce(
    (exposure, day, age) => ({
      ...withEra(exposure, cohorts(age), day, day * DAY),
      busyDays: 200,
      atSeconds: NOW,
    }),
    empty,
  );
}

function devicesOf(index: number): readonly KnownDevice[] {
  return Array.from({ length: DEVICES }, (_none, number) => ({
    id: idOf(index, number),
    resource: GPU,
    lastSeenAtSeconds: NOW,
    firstSeenAtSeconds: number * DAY,
    fromBusyDays: number,
  }));
}

function incidentsOf(index: number): HostHistory['incidents'] {
  return Array.from({ length: INCIDENTS_A_HOST }, (_none, number) =>
    makeIncident({
      id: `i${number}`,
      device: idOf(index, number % DEVICES),
      openedAtSeconds: number * 20 * DAY,
      closedAtSeconds: number * 20 * DAY,
      endedAtBusyDays: number * 20,
    }),
  );
}

function idOf(index: number, number: number): string {
  return `GPU-${index}-${number}`;
}

function medianMs(rounds: number, run: () => void): number {
  const times = Array.from({ length: rounds }, () => {
    const begun = performance.now();
    run();
    return performance.now() - begun;
  });
  return median(times);
}
