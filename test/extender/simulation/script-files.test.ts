import { expect, test } from 'vitest';
import { shippedConfiguration } from '../../../extender/simulation/script-files.ts';

test('the built-in fleet is run with what is shipped, but acting and without Events', async () => {
  const { extender, profiles } = shippedConfiguration();
  expect(extender).toMatchObject({ mode: 'act', events: false });
  expect(profiles.map(({ name }) => name)).toContain('nvidia');
});
