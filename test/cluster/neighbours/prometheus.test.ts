import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Child } from '../child.ts';
import { eventually } from '../eventually.ts';
import { nodeOf } from '../hand.ts';
import { seesImage } from '../journey.ts';
import { runPrometheus } from '../prometheus.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';
import { Exporter, lastXid } from './exporter.ts';

const NODES = ['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4'];
const IMAGE = 'registry.example/big:1';
/** Exporters are scraped each second here, and Surefoot asks every 30 s. */
const TWO_ROUNDS = { timeoutSeconds: 65, intervalMs: 500 };

const used = useBed({ count: NODES.length, gpus: 8, mode: 'act', tainted: false });
let dcgm: Exporter;
let evil: Exporter;
let prometheus: Child;

beforeAll(async () => {
  const { bed } = used;
  dcgm = await Exporter.start();
  evil = await Exporter.start();
  dcgm.says(wellBut());
  const directory = join(bed.directory, 'prometheus');
  await mkdir(directory);
  const job = (name: string, { address }: Exporter) => ({
    job_name: name,
    static_configs: [{ targets: [address] }],
  });
  const running = await runPrometheus(bed, directory, {
    global: { scrape_interval: '1s' },
    scrape_configs: [job('dcgm-exporter', dcgm), job('team-evil', evil)],
  });
  prometheus = running.child;
  await bed.surefoot.setExtender('prometheus', {
    url: running.url,
    trusted: { job: ['dcgm-exporter'] },
  });
});

afterAll(() => {
  dcgm.stop();
  evil.stop();
});

/** What DCGM exporter says of all GPUs, with these XIDs by node. */
function wellBut(xids: Readonly<Record<string, number>> = {}): readonly string[] {
  return NODES.map((node) => lastXid(node, `GPU-${node}-0`, xids[node] ?? 0));
}

async function incidentsOf(node: string) {
  return (await used.bed.surefoot.node(node))?.incidents ?? [];
}

/** What the extender says of its questions to Prometheus, in its readiness. */
async function remark(): Promise<string> {
  const readiness = await fetch(`http://${used.bed.surefoot.adminAddresses[1]}/readyz`);
  return /^\[\+\]prometheus (.*)$/m.exec(await readiness.text())?.[1] ?? '';
}

test('a device that only DCGM exporter calls broken is avoided by the next pod within a minute', async () => {
  await used.hand.giveImage('gpu-2', IMAGE, 12_000_000_000);
  await seesImage(used, 'gpu-2', IMAGE);
  await used.hand.createPod(pod('before', { gpus: 8, image: IMAGE }));
  expect(nodeOf(await used.hand.runningPod('before'))).toBe('gpu-2');
  await used.hand.deletePod('before', 0);

  dcgm.says(wellBut({ 'gpu-2': 79 }));
  const begun = performance.now();
  await eventually(
    'the incident',
    async () => (await incidentsOf('gpu-2')).length === 1,
    TWO_ROUNDS,
  );
  console.log(`heard of after ${Math.round((performance.now() - begun) / 1000)} s`);
  expect(performance.now() - begun).toBeLessThan(60_000);
  await used.hand.createPod(pod('after', { gpus: 8, image: IMAGE }));
  expect(nodeOf(await used.hand.runningPod('after'))).not.toBe('gpu-2');
  const page = `--page=${used.bed.surefoot.pageUrl}`;
  const { said } = await used.bed.surefoot.command('why', 'after', page);
  expect(said).toMatch(/^gpu-2: .*DCGM exporter has an XID: 79, .*GPU-gpu-2-0/m);
}, 180_000);

test('it stands while nobody says that the device is well, and ends when somebody does', async () => {
  dcgm.says(wellBut().filter((line) => !line.includes('gpu-2')));
  evil.says([lastXid('gpu-1', 'GPU-gpu-1-0', 79)]);
  const answers = async () => {
    const metrics = await used.bed.surefoot.extenderMetrics();
    return Number(/^surefoot_prometheus_queries_total\{.*\} (\d+)/m.exec(metrics)?.[1]);
  };
  const before = await answers();
  await eventually('another round', async () => (await answers()) >= before + 4, TWO_ROUNDS);
  expect(await incidentsOf('gpu-1')).toEqual([]);
  expect(await incidentsOf('gpu-2')).toEqual([
    expect.not.objectContaining({ closedAt: expect.anything() }),
  ]);
  evil.says([]);
  dcgm.says(wellBut());
  await eventually(
    'it to end',
    async () => (await incidentsOf('gpu-2'))[0]?.closedAt !== undefined,
    TWO_ROUNDS,
  );
}, 240_000);

test('100,000 bad series are one sentence', async () => {
  dcgm.says(Array.from({ length: 100_000 }, (_none, at) => lastXid(`gpu-${at}`, `GPU-${at}`, 79)));
  await eventually(
    'it to be said',
    async () => /more than 10000 series/.test(await remark()),
    TWO_ROUNDS,
  );
  expect(await incidentsOf('gpu-3')).toEqual([]);
  dcgm.says(wellBut());
  await eventually('all to be well', async () => (await remark()) === 'ok', TWO_ROUNDS);
}, 240_000);

test('a Prometheus that is slow, then gone, is one sentence each, and pods are placed as before', async () => {
  process.kill(prometheus.pid ?? 0, 'SIGSTOP');
  await eventually('it to be said', async () => /silent for 10 s/.test(await remark()), TWO_ROUNDS);
  await used.hand.createPod(pod('meanwhile'));
  await used.hand.runningPod('meanwhile');
  await prometheus.stop('SIGKILL');
  await eventually('it to be said', async () => /ECONNREFUSED/.test(await remark()), TWO_ROUNDS);
  const { said } = await used.bed.surefoot.command(
    'doctor',
    used.bed.surefoot.asAdmin,
    `--extender-admin=${used.bed.surefoot.adminAddresses[1]}`,
  );
  expect(said).toContain('does not answer (ECONNREFUSED); check prometheus.url');
}, 240_000);
