import { describe, expect, test } from 'vitest';
import { placementEvent } from '../../../extender/decisions/placement-event.ts';
import type { Candidate } from '../../../extender/forecast/candidate.ts';
import type { Forecast } from '../../../extender/forecast/loss.ts';
import { makeDecision } from '../../make/decision.ts';
import { makeIncident } from '../../make/facts.ts';
import { type ForecastParts, makeForecast } from '../../make/forecast.ts';

const NOW = 10 * 86_400;
const GIB = 2 ** 30;

function on(node: string, parts: ForecastParts, candidate: Partial<Candidate> = {}) {
  return makeForecast({ ...parts, candidate: { node, ...candidate } });
}

const eventOf = (forecasts: readonly Forecast[], node = 'gpu-7') =>
  placementEvent(
    makeDecision({
      atSeconds: NOW,
      forecasts: forecasts.toSorted((a, b) => a.lossSeconds - b.lossSeconds),
      bound: { node, atSeconds: NOW },
    }),
  );

const flaky: Partial<Candidate> = {
  hazard: { times: 45 },
  incidents: [
    makeIncident({
      evidence: ['XID 79'],
      device: 'GPU-3f2c',
      closedAtSeconds: NOW - 2 * 86_400,
    }),
  ],
};

describe('what a pod is told of its placement', () => {
  test.each([
    {
      name: 'home, past a flaky node',
      forecasts: [
        on('gpu-7', {}, { homeSinceSeconds: NOW - 60, presentBytes: 11.2 * GIB }),
        on('gpu-3', { lossSeconds: 92, seconds: { risk: 72, cold: 20 } }, flaky),
        on('gpu-4', { lossSeconds: 20, seconds: { cold: 20 } }),
      ],
      event: {
        reason: 'PreferredPreviousNode',
        type: 'Normal',
        note: 'placed on gpu-7: home, 11.2 GiB cached; passed over gpu-3: XID 79, on GPU-3f2c, 2 days ago',
      },
    },
    {
      name: 'away from a home that is flaky',
      forecasts: [
        on('gpu-7', { lossSeconds: 20, seconds: { cold: 20 } }),
        on('gpu-3', { lossSeconds: 72, seconds: { risk: 72 } }, { ...flaky, homeSinceSeconds: 0 }),
        on('gpu-9', { lossSeconds: 300, seconds: { risk: 300 } }, { ...flaky, incidents: [] }),
      ],
      event: {
        reason: 'AvoidedFlakyNode',
        type: 'Normal',
        note: 'placed on gpu-7: the least seconds to lose; passed over gpu-3: XID 79, on GPU-3f2c, 2 days ago',
      },
    },
    {
      name: 'where the image is',
      forecasts: [
        on('gpu-7', {}, { presentBytes: 2 * GIB }),
        on('gpu-4', { lossSeconds: 240, seconds: { pull: 240 } }, { missingBytes: 2 * GIB }),
      ],
      event: {
        reason: 'PreferredWarmNode',
        type: 'Normal',
        note: 'placed on gpu-7: 2 GiB cached',
      },
    },
    {
      name: 'elsewhere than it would lose least',
      forecasts: [
        on('gpu-4', {}, { presentBytes: 2 * GIB }),
        on('gpu-7', { lossSeconds: 240, seconds: { pull: 240 } }, { missingBytes: 2 * GIB }),
      ],
      event: {
        reason: 'PlacedElsewhere',
        type: 'Normal',
        note: "placed on gpu-7: gpu-4 would have cost it 240 s less, but the scheduler's other rules decided",
      },
    },
    {
      name: 'where every node is bad',
      forecasts: [
        on('gpu-7', { lossSeconds: 72, seconds: { risk: 72 } }, flaky),
        on('gpu-4', { lossSeconds: 90, seconds: { risk: 90 } }, flaky),
      ],
      event: {
        reason: 'OnlyFlakyNodesLeft',
        type: 'Warning',
        note: 'placed on gpu-7: only nodes with a bad history are left; here XID 79, on GPU-3f2c, 2 days ago',
      },
    },
  ])('$name', ({ forecasts, event }) => {
    expect(eventOf(forecasts)).toEqual(event);
  });

  test.each([
    { name: 'all nodes cost the same', forecasts: [on('gpu-7', {}), on('gpu-4', {})] },
    { name: 'the node is not remembered', forecasts: [on('a', {}), on('b', { lossSeconds: 90 })] },
    { name: 'nothing was asked', forecasts: [] },
  ])('nothing, where $name', ({ forecasts }) => {
    expect(eventOf(forecasts)).toBeUndefined();
  });

  test('at most 1 KiB', () => {
    const endless = { ...flaky, incidents: [makeIncident({ evidence: ['x'.repeat(2000)] })] };
    const note = eventOf([
      on('gpu-7', {}),
      on('gpu-3', { lossSeconds: 90, seconds: { risk: 90 } }, endless),
    ])?.note;
    expect(note).toHaveLength(1024);
  });
});
