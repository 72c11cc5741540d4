import { expect, test } from 'vitest';
import { takesAnotherAfter } from '../../make/idle-connection.ts';

test('pitfall 15: a connection that was idle for up to 91 s takes another request (a client in Node, not kube-apiserver)', async () => {
  // The API server forgets an idle connection after 90 s; until then it trusts it.
  expect(await takesAnotherAfter([60, 89, 91])).toEqual([true, true, true]);
});
