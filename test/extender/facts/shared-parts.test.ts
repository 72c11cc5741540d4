import { expect, test } from 'vitest';
import { podFacts, withSharedParts } from '../../../extender/facts/pods.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const facts = (uid: string) => podFacts(makePod({ metadata: { uid } }), [makeProfile()]);

test('what pods that are alike have in common is kept once, and says the same', () => {
  const [one, other] = [withSharedParts(facts('a')), withSharedParts(facts('b'))];
  expect(one).toEqual(facts('a'));
  expect(other).toEqual(facts('b'));
  for (const part of ['devices', 'expectations', 'images', 'ran', 'conditions'] as const) {
    expect(other[part]).toBe(one[part]);
  }
});
