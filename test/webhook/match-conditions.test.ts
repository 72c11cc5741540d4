import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  asksForDeviceCondition,
  type MatchCondition,
  NAMES_A_PROFILE,
  NOT_OPTED_OUT,
} from '../../webhook/match-conditions.ts';
import { devicePatterns, profilesSchema } from '../../webhook/words/profile.ts';

interface Entry {
  readonly name: string;
  readonly matchConditions: readonly MatchCondition[];
  readonly failurePolicy: string;
  readonly sideEffects: string;
}

const manifest = parse(await readFile('manifests/webhook.yaml', 'utf8'), { merge: true });
const profiles = profilesSchema.parse(
  parse(await readFile('manifests/config/profiles.yaml', 'utf8')),
);

describe('manifests/webhook.yaml', () => {
  const device = asksForDeviceCondition(devicePatterns(profiles.profiles));
  const rows: readonly { name: string; conditions: readonly MatchCondition[] }[] = [
    { name: 'namespace.surefoot.dev', conditions: [device, NOT_OPTED_OUT] },
    { name: 'observe.surefoot.dev', conditions: [device, NOT_OPTED_OUT] },
    { name: 'pod.surefoot.dev', conditions: [NAMES_A_PROFILE, device, NOT_OPTED_OUT] },
  ];
  test.each(rows)('$name asks for the devices of profiles.yaml', ({ name, conditions }) => {
    const entry = manifest.webhooks.find((one: Entry) => one.name === name) as Entry;
    expect(entry.matchConditions).toEqual(conditions);
    expect(entry).toMatchObject({ failurePolicy: 'Ignore', sideEffects: 'None' });
  });

  test('there is an entry for each way in and no other', () => {
    expect(manifest.webhooks.map(({ name }: Entry) => name)).toEqual(rows.map(({ name }) => name));
  });

  test('its name sorts behind other webhooks', () => {
    expect(manifest.metadata.name).toBe('zz-surefoot');
  });
});
