import type { V1Taint } from '@kubernetes/client-node';
import express from 'express';
import { describe, expect, test } from 'vitest';
import { nodeWriter } from '../../../extender/node-labels/node-writer.ts';
import { HAZARD, HAZARD_REASON } from '../../../webhook/words/keys.ts';
import { listening } from '../../fake/listening.ts';
import { loadedKubeConfig } from '../../make/kubeconfig.ts';

const THEIRS: V1Taint = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' };
const OURS: V1Taint = { key: HAZARD, value: 'high', effect: 'PreferNoSchedule' };
const MARK = { hazard: 'high', words: '7 times', isTainted: true } as const;

/** An API server with one node, which somebody else changes so often while we do. */
async function nodeWith(taints: readonly V1Taint[] | undefined, conflicts = 0) {
  const patches: { body: unknown; type: string | undefined }[] = [];
  let version = 1;
  const app = express().use(express.json({ type: () => true }));
  app.get('/api/v1/nodes/gpu-1', (_request, response) => {
    response.json({ metadata: { name: 'gpu-1', resourceVersion: `${version}` }, spec: { taints } });
  });
  app.patch('/api/v1/nodes/gpu-1', (request, response) => {
    patches.push({ body: request.body, type: request.headers['content-type'] });
    if (version <= conflicts) {
      version += 1;
      response.status(409).json({ message: 'the object has been modified' });
    } else response.json({ metadata: { name: 'gpu-1' } });
  });
  return { writer: nodeWriter(loadedKubeConfig(await listening(app))), patches };
}

const metadataOf = (hazard: string | null, words: string | null) => ({
  labels: { [HAZARD]: hazard },
  annotations: { [HAZARD_REASON]: words },
});

describe('marks on nodes', () => {
  const rows = [
    { name: 'ours comes beside theirs', taints: [THEIRS], mark: MARK, after: [THEIRS, OURS] },
    { name: 'ours is the first', taints: undefined, mark: MARK, after: [OURS] },
    {
      name: 'ours goes, theirs stays',
      taints: [OURS, THEIRS],
      mark: undefined,
      after: [THEIRS],
    },
    {
      name: 'ours goes where only the label is wanted',
      taints: [OURS],
      mark: { ...MARK, isTainted: false },
      after: [],
    },
  ];
  test.each(rows)('taints: $name, if nobody changed the node meanwhile', async (row) => {
    const { writer, patches } = await nodeWith(row.taints);
    await writer.writeHazard('gpu-1', row.mark);
    expect(patches).toEqual([
      {
        type: 'application/merge-patch+json',
        body: {
          metadata: {
            ...metadataOf(row.mark?.hazard ?? null, row.mark?.words ?? null),
            resourceVersion: '1',
          },
          spec: { taints: row.after },
        },
      },
    ]);
  });

  test('taints that stay as they are are not written', async () => {
    const { writer, patches } = await nodeWith([THEIRS]);
    await writer.writeHazard('gpu-1', undefined);
    expect(patches.map(({ body }) => body)).toEqual([{ metadata: metadataOf(null, null) }]);
  });

  test('labels of homes come and go by themselves', async () => {
    const { writer, patches } = await nodeWith([THEIRS]);
    await writer.writeHomes('gpu-1', {
      added: ['surefoot.dev/home-1'],
      removed: ['surefoot.dev/home-2'],
    });
    const labels = { 'surefoot.dev/home-1': '', 'surefoot.dev/home-2': null };
    expect(patches.map(({ body }) => body)).toEqual([{ metadata: { labels } }]);
  });

  test('where somebody else was quicker it is tried with what they made of it, five times', async () => {
    const twice = await nodeWith([], 2);
    await twice.writer.writeHazard('gpu-1', MARK);
    expect(twice.patches.map(({ body }) => body)).toMatchObject(
      ['1', '2', '3'].map((resourceVersion) => ({ metadata: { resourceVersion } })),
    );
    const always = await nodeWith([], Number.POSITIVE_INFINITY);
    await expect(always.writer.writeHazard('gpu-1', MARK)).rejects.toMatchObject({ status: 409 });
    expect(always.patches).toHaveLength(5);
  });
});
