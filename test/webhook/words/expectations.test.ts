import { describe, expect, test } from 'vitest';
import { expectationsOf } from '../../../webhook/words/expectations.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const read = (annotations: Record<string, string>) =>
  expectationsOf(makePod({ metadata: { annotations } }), makeProfile());

describe('expectationsOf', () => {
  test('a pod that says nothing has its profile', () => {
    expect(read({})).toEqual({
      durationSeconds: 24 * 3600,
      saysDuration: false,
      restartSeconds: 300,
      coldStartSeconds: 20,
      coldStartForOthersSeconds: 20,
      homeLifeSeconds: 3600,
      waitForHomeSeconds: 0,
      deviceMatters: 'required',
      remarks: [],
    });
  });

  test('annotations describe the pod', () => {
    const expectations = read({
      'surefoot.dev/checkpoint': '10m',
      'surefoot.dev/cold-start': '2m',
      'surefoot.dev/expected-duration': '6h',
    });
    expect(expectations).toMatchObject({
      checkpointSeconds: 600,
      coldStartSeconds: 120,
      // ... but does not weigh on others beyond what the admin gave.
      coldStartForOthersSeconds: 20,
      durationSeconds: 6 * 3600,
      remarks: [],
    });
  });

  test('a boast is capped, and said', () => {
    const { coldStartSeconds, remarks } = read({ 'surefoot.dev/cold-start': '9999h' });
    expect(coldStartSeconds).toBe(600);
    expect(remarks).toEqual([
      {
        code: 'AnnotationCapped',
        words: 'the annotation surefoot.dev/cold-start says 9999h; profile nvidia allows 600s',
      },
    ]);
  });

  test('an unreadable annotation leaves the profile, and says what would be right', () => {
    const { durationSeconds, remarks } = read({ 'surefoot.dev/expected-duration': '6 hours' });
    expect(durationSeconds).toBe(24 * 3600);
    expect(remarks[0]?.words).toBe(
      'the annotation surefoot.dev/expected-duration is "6 hours", not a duration such as "90s" or "1h30m"; the profile\'s value counts',
    );
  });

  test('a slot that is too long is said', () => {
    expect(read({ 'surefoot.dev/slot': 'x'.repeat(254) }).remarks[0]?.words).toBe(
      "the annotation surefoot.dev/slot is longer than 253 characters; the slot is the one that the pod's owner gives it",
    );
  });
});
