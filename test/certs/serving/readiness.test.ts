import { expect, test } from 'vitest';
import { type Readiness, readinessIn, readinessText } from '../../../certs/serving/readiness.ts';

const READY: Readiness = {
  isReady: true,
  checks: [
    { name: 'pods-listed', isOk: true },
    { name: 'asked', isOk: true, words: '3 pods were placed without a question' },
  ],
};
const NOT_READY: Readiness = {
  isReady: false,
  checks: [{ name: 'pods-listed', isOk: false, words: 'nothing has been listed yet' }],
};

test.each([READY, NOT_READY])(
  'is read back from JSON, and from the text of earlier versions',
  (readiness) => {
    expect(readinessIn(JSON.stringify(readiness))).toEqual(readiness);
    expect(readinessIn(readinessText(readiness))).toEqual(readiness);
  },
);

test('what is neither is not ready', () => {
  const others = [
    '<html>Bad Gateway</html>',
    '{"kind":"Status","code":503}',
    'null',
    '{"checks":1}',
  ];
  for (const other of others) expect(readinessIn(other)).toEqual({ isReady: false, checks: [] });
});
