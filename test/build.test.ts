import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../build.ts';
import { makeCertificates } from '../certs/make-once.ts';
import { type HowToRun, Program } from './fake/program.ts';
import { imageSettings } from './image-settings.ts';
import { makeKubeconfig } from './make/kubeconfig.ts';

const CONFIG = 'manifests/base/config';
/** As in the manifests. */
const USER = 65_532;
const isRoot = process.getuid?.() === 0;
const LISTENING = ['--listen=127.0.0.1:0', '--admin=127.0.0.1:0', '--drain=0'];

/** A directory with the one file, Node and what is mounted, and nothing else; not even we write there. */
let directory = '';
let how: HowToRun;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'surefoot-image-'));
  const at = (path: string) => join(directory, path);
  await build(at('dist'));
  await copyFile(at('dist/surefoot.mjs'), at('surefoot.mjs'));
  await copyFile(process.execPath, at('node'));
  await mkdir(at('config'));
  for (const name of await readdir(CONFIG))
    await copyFile(join(CONFIG, name), at(`config/${name}`));
  await makeCertificates({ tlsDir: at('tls'), hosts: ['localhost'], now: new Date() });
  await writeFile(at('kubeconfig'), KUBECONFIG);
  if (isRoot) await chown(at('tls/tls.key'), USER, USER);
  for (const path of ['tls', 'config', '.']) await chmod(at(path), 0o555);
  how = {
    node: at('node'),
    // Whatever it tries to write is refused: a file system that is read only.
    executable: [
      '--permission',
      '--allow-fs-read=*',
      ...(await imageSettings()).flags,
      at('surefoot.mjs'),
    ],
    cwd: directory,
    ...(isRoot && { uid: USER, gid: USER }),
  };
});

afterAll(async () => {
  await chmod(directory, 0o755);
  await rm(directory, { recursive: true, force: true });
});

const KUBECONFIG = makeKubeconfig('http://127.0.0.1:1');

describe('pitfall 35: the one file, by an unprivileged user on a read-only file system (stand-in: without the image around it)', () => {
  test('serves as webhook, and ends well', async () => {
    const tls = join(directory, 'tls');
    const flags = [`--config=${join(directory, 'config')}`, `--tls-dir=${tls}`, ...LISTENING];
    const program = new Program(['webhook', ...flags], {}, how);
    const { admin } = await program.serving();
    expect(await (await fetch(`http://127.0.0.1:${admin}/readyz`)).text()).toMatch(/^ready$/m);
    program.signal('SIGTERM');
    expect((await program.ended()).status).toBe(0);
  });

  test('serves as extender, page included', async () => {
    const program = new Program(
      [
        'extender',
        `--config=${join(directory, 'config')}`,
        `--kubeconfig=${join(directory, 'kubeconfig')}`,
        '--page=127.0.0.1:0',
        ...LISTENING,
      ],
      {},
      how,
    );
    const { page } = (await program.serving()) as unknown as { page: number };
    const html = await fetch(`http://127.0.0.1:${page}/`);
    expect(html.headers.get('content-type')).toMatch('text/html');
    expect(await html.text()).toBe(await readFile('extender/page/browser/index.html', 'utf8'));
    const script = await fetch(`http://127.0.0.1:${page}/page.js`);
    expect(script.headers.get('content-type')).toMatch('javascript');
  });

  test('runs as certs, and says that there is no API server', async () => {
    const program = new Program(
      [
        'certs',
        '--secret=surefoot-system/tls',
        '--host=a.svc',
        `--kubeconfig=${join(directory, 'kubeconfig')}`,
        '--admin=127.0.0.1:0',
      ],
      {},
      how,
    );
    await program.serving();
    program.signal('SIGTERM');
    expect((await program.ended()).status).toBe(0);
  });

  test('is all ASCII, and has none of the models of the Kubernetes client', async () => {
    const program = await readFile(join(directory, 'dist/surefoot.mjs'), 'utf8');
    expect(/[^\0-\x7f]/.exec(program)).toBeNull();
    expect(program).toContain('class KubeConfig');
    expect(program).not.toContain('ObjectSerializer');
    // What stands in the place of undici.
    expect(program).toContain('this file has no undici');
  });

  test('is a plugin of kubectl, too', async () => {
    expect(await readdir(join(directory, 'dist'))).toContain('kubectl-surefoot');
    const plugin = { executable: [join(directory, 'dist/kubectl-surefoot')] };
    const { status, errors } = await new Program(['why'], {}, plugin).ended();
    expect(errors).toMatch("missing required argument 'POD'");
    expect(status).toBe(2);
  });
});
