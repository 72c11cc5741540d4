import { expect, test } from 'vitest';
import { takesAnotherAfter } from '../../make/idle-connection.ts';

test('pitfall 15: a connection that was idle for longer than the 5 s of Node takes another request', async () => {
  expect(await takesAnotherAfter([4.9, 5.1, 6.1])).toEqual([true, true, true]);
});
