import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../cluster/eventually.ts';
import { Program } from '../../fake/program.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');

interface Started {
  readonly lines: readonly string[];
  readonly errors: () => string;
  readonly interrupt: () => Promise<unknown>;
}

/** `surefoot start` with these flags, ended with the test. */
function started(...args: readonly string[]): Started {
  const child = spawn(process.execPath, [EXECUTABLE, 'start', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  let errors = '';
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const exited = once(child, 'exit');
  return {
    lines,
    errors: () => errors,
    async interrupt() {
      child.kill('SIGINT');
      const [status] = await exited;
      return status;
    },
  };
}

interface ShownDecision {
  readonly pod: { readonly name: string };
  readonly mode: string;
  readonly boundTo?: string;
  readonly forecasts: readonly { readonly node: string; readonly words: string }[];
}

async function decisions(url: string): Promise<readonly ShownDecision[]> {
  const answer = (await (await fetch(`${url}api/decisions?limit=500`)).json()) as {
    decisions: readonly ShownDecision[];
  };
  return answer.decisions;
}

describe('surefoot start', () => {
  test('says its address, then what happens; pods that come home say so, and a broken node is left alone', async () => {
    // The hour of the tour in ten seconds.
    const run = started('--speed=360', '--page=127.0.0.1:0');
    const url = await eventually('the address', () => run.lines[0]);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);

    await eventually('the second group restart', () => {
      return run.lines.filter((line) => line.includes('group restart:')).length === 2;
    });
    for (const kind of ['device fault:', 'crash:', 'planned reboot:', 'node back:']) {
      expect(run.lines.some((line) => line.includes(kind))).toBe(true);
    }
    const [, broken = ''] =
      /device fault: (gpu-\d+) /.exec(
        run.lines.find((line) => line.includes('device fault')) ?? '',
      ) ?? [];

    const group = await eventually('the group to be bound again', async () => {
      const found = (await decisions(url)).filter(({ pod }) => pod.name.startsWith('llm-'));
      return found.filter(({ boundTo }) => boundTo !== undefined).length >= 24 && found;
    });
    // Newest first: after the crash all eight come home, and say so.
    for (const { boundTo, forecasts } of group.slice(0, 8)) {
      const words = forecasts.find(({ node }) => node === boundTo)?.words;
      expect(words).toContain('home: the same slot ran here until');
    }
    // After the device fault nobody goes to the broken node; the seven others come home.
    const afterFault = group.slice(8, 16);
    expect(afterFault.map(({ boundTo }) => boundTo)).not.toContain(broken);
    const atHome = afterFault.filter(({ boundTo, forecasts }) =>
      forecasts.find(({ node }) => node === boundTo)?.words.includes('home:'),
    );
    expect(atHome).toHaveLength(7);

    // What the README shows of the default seed.
    const readme = await readFile('README.md', 'utf8');
    const [, transcript = ''] = /\$ npm start\n(?:.+\n)((?:\d+ min .+\n)+)/.exec(readme) ?? [];
    // Which node it is depends on whether the extender answers in time, which a busy machine may not.
    const anyNode = (line: string) => line.replaceAll(/gpu-\d+/g, 'gpu-N');
    const shown = transcript.trim().split('\n').map(anyNode);
    expect(shown.length).toBeGreaterThan(3);
    expect(run.lines.map(anyNode)).toEqual(expect.arrayContaining(shown));

    expect(run.errors()).toBe('');
    expect(await run.interrupt()).toBe(0);
  }, 60_000);

  test('says that a fleet is too small for what runs', async () => {
    const run = started('--nodes=3', '--page=127.0.0.1:0');
    await eventually('the address', () => run.lines[0]);
    expect(run.errors()).toMatch(
      /^what runs asks for \d+ GPUs, and 3 nodes have 24: some pods will wait all the time; --nodes \d+ has room for them\n$/,
    );
    expect(await run.interrupt()).toBe(0);
  });

  test('a taken port is explained when it was asked for', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const { status, errors } = await new Program(['start', `--page=127.0.0.1:${port}`]).ended();
    expect(errors).toBe(`127.0.0.1:${port} is taken by another program; choose another port\n`);
    expect(status).toBe(2);
  });

  test.each([
    {
      args: ['--speed=fast'],
      says: '--speed: "fast" is not a whole number from 1 to 600\n',
    },
    { args: ['--nodes=0'], says: '--nodes: "0" is not a whole number from 1 to 5000\n' },
    {
      args: ['--script=/nowhere.yaml'],
      says: '--script: /nowhere.yaml cannot be read (ENOENT); name a fault script such as extender/fleet/tour.yaml\n',
    },
    {
      args: ['--script=manifests/base/config/webhook.yaml'],
      says: /^manifests\/base\/config\/webhook\.yaml:2: apiVersion: /,
    },
  ])('$args is a wrong call', async ({ args, says }) => {
    const { status, errors } = await new Program(['start', ...args]).ended();
    if (typeof says === 'string') expect(errors).toBe(says);
    else expect(errors).toMatch(says);
    expect(status).toBe(2);
  });
});
