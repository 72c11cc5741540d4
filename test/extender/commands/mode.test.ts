import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../../fake/directory.ts';
import { listening } from '../../fake/listening.ts';
import { Program } from '../../fake/program.ts';
import { makeKubeconfig } from '../../make/kubeconfig.ts';

const SHIPPED = 'manifests/base/config';
const NAMES = ['profiles.yaml', 'webhook.yaml', 'extender.yaml', 'surefoot.yaml'];

/** An API server with the ConfigMap as shipped, and what was written to it. */
async function installed(changed: Readonly<Record<string, string>> = {}) {
  const written: { data: Record<string, string> }[] = [];
  const texts = await Promise.all(NAMES.map((name) => readFile(join(SHIPPED, name), 'utf8')));
  const data = { ...Object.fromEntries(NAMES.map((name, at) => [name, texts[at]])), ...changed };
  const server = await listening(async (request, response) => {
    const isMap = request.url?.includes('/configmaps/surefoot');
    if (request.method === 'PATCH') {
      written.push((await json(request)) as { data: Record<string, string> });
    }
    const map = { metadata: { name: 'surefoot', resourceVersion: '7' }, data };
    const list = { metadata: { resourceVersion: '1' }, items: [{ metadata: { name: 'team-a' } }] };
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(isMap ? map : list));
  });
  const directory = await directoryWith({ kubeconfig: makeKubeconfig(server) });
  const ask = (...args: readonly string[]) =>
    new Program(['mode', ...args, `--kubeconfig=${join(directory, 'kubeconfig')}`]).ended();
  return { ask, written };
}

describe('surefoot mode', () => {
  test('shows it', async () => {
    const { ask, written } = await installed();
    const shown = 'mode observe: everything is decided and recorded, and nothing is changed\n';
    expect(await ask()).toEqual({ status: 0, output: shown, errors: '' });
    expect((await ask('observe')).output).toBe(shown);
    expect(written).toEqual([]);
  });

  test('says what will happen, and changes nothing where nobody is there to agree', async () => {
    const { ask, written } = await installed();
    const { status, output, errors } = await ask('act');
    expect(output).toBe(
      'Device pods of team-a, and pods with the annotation surefoot.dev/profile, are prepared from their creation on, and their scheduler is told what each node costs. Pods that run stay as they are. surefoot preview -f FILE shows what a pod gets.\n',
    );
    expect(errors).toBe('nobody is there to agree; add --yes where that is meant\n');
    expect(status).toBe(2);
    expect(written).toEqual([]);
  });

  test('changes the one word, and leaves comments as they are', async () => {
    const { ask, written } = await installed();
    expect((await ask('act', '--yes')).output).toMatch(/^mode act is written; it is in force /m);
    const shipped = await readFile(join(SHIPPED, 'surefoot.yaml'), 'utf8');
    expect(written).toEqual([
      {
        metadata: { resourceVersion: '7' },
        data: { 'surefoot.yaml': shipped.replace('mode: observe', 'mode: act') },
      },
    ]);
  });

  test('a file that cannot be read is said', async () => {
    const { ask } = await installed({ 'surefoot.yaml': 'mode: perhaps\n' });
    const { status, errors } = await ask('act', '--yes');
    expect(errors).toMatch(
      /^the mode cannot be read: surefoot.yaml:.*; mend it: kubectl -n surefoot-system edit configmap surefoot\n$/,
    );
    expect(status).toBe(1);
  });
});
