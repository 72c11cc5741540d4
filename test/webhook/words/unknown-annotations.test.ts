import { describe, expect, test } from 'vitest';
import { decide, decideJob } from '../../../webhook/admission/decide.ts';
import { unknownAnnotations } from '../../../webhook/words/unknown-annotations.ts';
import { makeJob } from '../../make/job.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const wordsOf = (annotations: Record<string, string>) =>
  unknownAnnotations({ annotations }).map(({ words }) => words);

describe('annotations that nobody reads', () => {
  test.each([
    { key: 'surefoot.dev/profil', instead: 'did you mean surefoot.dev/profile?' },
    { key: 'surefoot.dev/check-point', instead: 'did you mean surefoot.dev/checkpoint?' },
    {
      key: 'surefoot.dev/expected_duration',
      instead: 'did you mean surefoot.dev/expected-duration?',
    },
    {
      key: 'surefoot.dev/make-it-fast-please',
      instead:
        'known are surefoot.dev/profile, surefoot.dev/checkpoint, surefoot.dev/cold-start, surefoot.dev/expected-duration, surefoot.dev/slot, surefoot.dev/wait-for-home, surefoot.dev/inject, surefoot.dev/injected, surefoot.dev/device-matters, surefoot.dev/release, surefoot.dev/hold',
    },
  ])('$key', ({ key, instead }) => {
    expect(wordsOf({ [key]: 'x', 'example.com/profil': 'y' })).toEqual([
      `nobody reads the annotation ${key}; ${instead}`,
    ]);
  });

  test('those that are read, and those of others, are no matter', () => {
    expect(
      wordsOf({ 'surefoot.dev/profile': 'nvidia', 'surefoot.dev/slot': '1', 'a.b/surefoot': '' }),
    ).toEqual([]);
    expect(unknownAnnotations({})).toEqual([]);
  });

  test('of very many a few are told, each in bounds', () => {
    const many = Array.from({ length: 500 }, (_none, index) => [
      `surefoot.dev/${'x'.repeat(200)}${index}`,
      '',
    ]);
    const words = wordsOf(Object.fromEntries(many));
    expect(words).toHaveLength(3);
    for (const one of words) expect(one.length).toBeLessThan(400);
  });

  test('the webhook remarks on them, and on values that it cannot read', () => {
    const annotations = {
      'surefoot.dev/profile': 'nvidia',
      'surefoot.dev/checkpoint': 'banana',
      'surefoot.dev/slto': '3',
    };
    const codes = (remarks: readonly { readonly code: string }[]) =>
      remarks.map(({ code }) => code);
    const pod = makePod({ metadata: { annotations } });
    expect(codes(decide(pod, [makeProfile()], 'act').remarks)).toEqual([
      'UnknownAnnotation',
      'AnnotationUnreadable',
    ]);
    const job = makeJob();
    const asked = {
      ...job,
      metadata: { ...job.metadata, annotations: { 'surefoot.dev/slto': '' } },
    };
    expect(codes(decideJob(asked, [makeProfile()], 'act').remarks)).toEqual(['UnknownAnnotation']);
  });
});
