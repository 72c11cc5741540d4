import { describe, expect, test } from 'vitest';
import { parseStrictYaml } from '../../certs/serving/strict-yaml.ts';
import { webhookSchema } from '../../webhook/settings.ts';

const HEAD = 'apiVersion: config.surefoot.dev/v1alpha1\nkind: Webhook\n';
const read = (text: string) => parseStrictYaml('webhook.yaml', `${HEAD}${text}`, webhookSchema);

describe('webhook.yaml', () => {
  test('as it was before pods were drawn home means what it meant', () => {
    expect(
      read('schedulerName: surefoot-scheduler\navoidHazard: true\ntolerationsRestrictedIn: [a]\n'),
    ).toMatchObject({
      ok: true,
      value: {
        schedulerName: 'surefoot-scheduler',
        avoidHazard: true,
        preferHome: false,
        tolerationsRestrictedIn: ['a'],
      },
    });
  });

  test('preferHome that is neither true nor false is refused, with where', () => {
    const parsed = read('preferHome: always\n');
    expect(parsed.ok ? [] : parsed.problems).toEqual([
      'webhook.yaml:3: preferHome: expected true or false',
    ]);
  });
});
