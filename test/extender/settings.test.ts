import { describe, expect, test } from 'vitest';
import { parseStrictYaml } from '../../certs/serving/strict-yaml.ts';
import { extenderSchema } from '../../extender/settings.ts';

const HEAD = 'apiVersion: config.surefoot.dev/v1alpha1\nkind: Extender\n';
const read = (text: string) => parseStrictYaml('extender.yaml', `${HEAD}${text}`, extenderSchema);

describe('extender.yaml', () => {
  test('as it was before there were Events and whole nodes means what it meant', () => {
    expect(
      read(
        'mode: act\nnamespaces: { team-a: observe }\nhalving: 1m\npullBandwidth: 80Mi\nscores: documented\n',
      ),
    ).toMatchObject({
      ok: true,
      value: {
        mode: 'act',
        namespaces: { 'team-a': 'observe' },
        halvingSeconds: 60,
        pullBytesPerSecond: 80 * 2 ** 20,
        scores: 'documented',
        wholeNodeSeconds: 0,
        events: true,
      },
    });
  });

  test.each([
    { text: 'wholeNode: 15m', value: { wholeNodeSeconds: 900 } },
    { text: 'events: false', value: { events: false } },
    { text: 'hints: { label: true }', value: { hints: { label: true, homes: false } } },
    { text: 'hints: { homes: true }', value: { hints: { label: false, homes: true } } },
  ])('$text', ({ text, value }) => {
    expect(read(`mode: act\n${text}\n`)).toMatchObject({ ok: true, value });
  });

  test.each([
    { text: 'wholeNode: 15', says: 'extender.yaml:4: wholeNode:' },
    { text: 'events: sometimes', says: 'extender.yaml:4: events: expected true or false' },
    { text: 'hints: { homes: all }', says: 'extender.yaml:4: hints.homes: expected true or false' },
    { text: 'wholeNodes: 15m', says: 'extender.yaml:4' },
  ])('$text is refused, with where', ({ text, says }) => {
    const parsed = read(`mode: act\n${text}\n`);
    expect(parsed.ok ? [] : parsed.problems.join('\n')).toContain(says);
  });
});
