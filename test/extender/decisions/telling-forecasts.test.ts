import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../extender/decisions/record.ts';
import { tellingForecasts } from '../../../extender/decisions/telling-forecasts.ts';
import { makeForecast } from '../../make/forecast.ts';

describe('tellingForecasts', () => {
  const decision = (bound?: string): Decision => ({
    atSeconds: 0,
    pod: { uid: 'p', namespace: 'a', name: 'p' },
    mode: 'act',
    asked: 9,
    unknownNodes: 0,
    scores: [],
    remarks: [],
    forecasts: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) =>
      makeForecast({
        candidate: { node: `gpu-${n}`, ...(n === 8 && { homeSinceSeconds: 0 }) },
        lossSeconds: n,
        seconds: { risk: n === 9 ? 99 : 0 },
      }),
    ),
    ...(bound !== undefined && { bound: { node: bound, atSeconds: 0 } }),
  });
  const nodes = (bound?: string) =>
    tellingForecasts(decision(bound)).map(({ candidate }) => candidate.node);

  test('the best, the home and the riskiest, and the next best beside them', () => {
    expect(nodes()).toEqual(['gpu-1', 'gpu-2', 'gpu-3', 'gpu-8', 'gpu-9']);
  });

  test('where the pod went, however bad it looked', () => {
    expect(nodes('gpu-7')).toEqual(['gpu-1', 'gpu-2', 'gpu-7', 'gpu-8', 'gpu-9']);
  });
});
