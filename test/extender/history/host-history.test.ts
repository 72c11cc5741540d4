import { expect, test } from 'vitest';
import { blankHistory, bounded } from '../../../extender/history/host-history.ts';
import { makeIncident } from '../../make/facts.ts';

test('when full, the oldest closed incidents go first and open ones stay', () => {
  const { closedAtSeconds: _closed, ...open } = makeIncident({ openedAtSeconds: 1 });
  const closed = Array.from({ length: 100 }, (_none, at) => makeIncident({ closedAtSeconds: at }));
  const { incidents } = bounded({ ...blankHistory('h'), incidents: [open, ...closed] }, 0);
  expect(incidents).toHaveLength(64);
  expect(incidents).toContain(open);
  expect(incidents[0]?.closedAtSeconds).toBe(37);
});
