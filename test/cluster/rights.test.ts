import { expect, test } from 'vitest';
import { NEEDED_RIGHTS } from '../../extender/doctor/rights.ts';
import { askedBy } from './audit-log.ts';
import { eventually } from './eventually.ts';
import { Rotation } from './rotation.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

const used = useBed({ count: 3, gpus: 8, mode: 'act', audits: true });

/** What nobody asks for by itself: a policy asks whether it is allowed. */
const FOR_A_POLICY = ['keep surefoot.dev/devicehistories'];
/** What only happens after 90 days, or a day on a host that had nothing; and after somebody else has written. */
const NOT_IN_A_TEST = ['delete surefoot.dev/devicehistories', 'get surefoot.dev/devicehistories'];

function isStreamed(requestURI: string): boolean {
  return requestURI.includes('sendInitialEvents=true');
}

/** The rights of an account in the manifests, as `verb group/resource`, with names where they are limited. */
function rightsOf(component: 'extender' | 'certs'): ReadonlySet<string> {
  return new Set(
    NEEDED_RIGHTS.filter(({ account }) => account === `surefoot-${component}`).map(
      ({ verb, group, resource, subresource, name = '' }) =>
        rightInWords(verb, group, wholeName(resource, subresource), name),
    ),
  );
}

function wholeName(resource: string, subresource: string | undefined): string {
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}

function rightInWords(verb: string, group: string, resource: string, name: string): string {
  return `${verb} ${group}/${resource}${name === '' ? '' : ` ${name}`}`;
}

test('pitfall 34: what our accounts may do is what they do, by the API server’s audit log', async () => {
  const { surefoot, plane } = used.bed;
  const rotation = new Rotation(used.bed);
  await rotation.rotate('pair');
  await rotation.wipeBundles();
  await eventually('the bundle to be back', () => rotation.isSettled());
  await used.hand.setConditions('gpu-1', [
    {
      type: 'SysLogsXIDError',
      status: 'True',
      reason: 'X',
      message: 'ErrorCode:79 GPU_UUID:GPU-aa ?;',
    },
  ]);
  await eventually(
    'the incident',
    async () => (await surefoot.node('gpu-1'))?.incidents.length === 1,
  );
  // Passing the broken node over is worth an Event.
  await used.hand.createPod(pod('placed'));
  await used.hand.runningPod('placed');
  await surefoot.command('forgive', 'gpu-1', '--reason=tested', surefoot.asAdmin);
  // Whoever looks at the page sees until when the certificate serves.
  await fetch(`${surefoot.pageUrl}/api/health`);
  // What placements came to is written every few minutes, and at the end.
  await surefoot.stopExtender();
  await surefoot.startExtender();

  for (const component of ['extender', 'certs'] as const) {
    const rights = rightsOf(component);
    await eventually(`${component} to have used all its rights`, async () => {
      const asked = await askedBy(plane, component);
      const done = new Set(
        asked.flatMap(({ verb, objectRef, requestURI }) => {
          if (objectRef?.resource === undefined) return [];
          const { apiGroup = '', resource, subresource, name = '' } = objectRef;
          const of = wholeName(resource, subresource);
          const named = rightInWords(verb, apiGroup, of, name);
          // Lists are streamed here, for which the right to watch is enough; elsewhere they come in pages.
          const listed = isStreamed(requestURI) ? [rightInWords('list', apiGroup, of, '')] : [];
          return [rights.has(named) ? named : rightInWords(verb, apiGroup, of, ''), ...listed];
        }),
      );
      const refused = asked.filter(({ responseStatus }) => responseStatus?.code === 403);
      expect(refused.map(({ verb, objectRef }) => ({ verb, objectRef }))).toEqual([]);
      expect([...done].filter((right) => !rights.has(right))).toEqual([]);
      const exceptions = [...FOR_A_POLICY, ...NOT_IN_A_TEST];
      const absent = new Set(
        asked.flatMap(({ responseStatus, objectRef }) =>
          responseStatus?.code === 404
            ? ['list', 'watch'].map((verb) =>
                rightInWords(verb, objectRef?.apiGroup ?? '', objectRef?.resource ?? '', ''),
              )
            : [],
        ),
      );
      // A kind that is not served here can be listed in vain only.
      const unused = [...rights].filter(
        (right) => !done.has(right) && !exceptions.includes(right) && !absent.has(right),
      );
      expect(unused).toEqual([]);
      return true;
    });
  }
});
