import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../../fake/directory.ts';
import { areaUnderCurve, snapshotOf } from './auc.ts';
import { hbdGroups } from './hbd.ts';
import { judge } from './judge.ts';
import { lanlGroups, titanGroups } from './records.ts';

const LANL_HEADER = 'System, nodes,nodenumz,Prob Started,Prob Fixed\n';
const DAY_MS = 86_400_000;

function american(day: number): string {
  const at = new Date(Date.UTC(2020, 0, 1) + day * DAY_MS);
  return `${at.getUTCMonth() + 1}/${at.getUTCDate()}/${at.getUTCFullYear()} 12:00`;
}

/** A system of 100 nodes, of which one fails every five days and another once. */
function lemonCsv(): string {
  const rows = Array.from(
    { length: 60 },
    (_none, index) => `3,100,7,${american(index * 5)},${american(index * 5)}`,
  );
  return `${LANL_HEADER}${rows.join('\n')}\n3,100,8,${american(250)},${american(251)}\n9,50,1,${american(1)},${american(2)}\n3,100,,${american(3)},\n`;
}

describe('the area under the curve', () => {
  const area = (
    scores: readonly number[],
    isPositive: readonly boolean[],
    weights = scores.map(() => 1),
  ) => {
    const snapshot = snapshotOf([...scores.keys()], isPositive, { score: scores });
    const { sum, weight } = areaUnderCurve([snapshot], 'score', Float64Array.from(weights));
    return sum / weight;
  };
  test.each([
    { name: 'all above all', scores: [1, 2, 3, 4], failing: [2, 3], value: 1 },
    { name: 'all below all', scores: [4, 3, 2, 1], failing: [2, 3], value: 0 },
    { name: 'all alike', scores: [1, 1, 1, 1], failing: [0, 2], value: 0.5 },
    { name: 'one of two above', scores: [1, 2, 3, 4], failing: [0, 3], value: 0.5 },
  ])('$name: $value', ({ scores, failing, value }) => {
    expect(
      area(
        scores,
        scores.map((_score, index) => failing.includes(index)),
      ),
    ).toBe(value);
  });

  test('a host that is drawn twice counts twice', () => {
    expect(area([1, 2, 3], [false, true, false], [1, 1, 3])).toBe(0.25);
  });
});

describe('records', () => {
  test('of LANL: small systems and rows without a node are left out, nodes that never failed are there', async () => {
    const directory = await directoryWith({ 'lanl.csv': lemonCsv() });
    const groups = lanlGroups(join(directory, 'lanl.csv'));
    expect(groups).toMatchObject([{ name: 'LANL 3' }]);
    expect(groups[0]?.hosts).toHaveLength(100);
    expect(groups[0]?.hosts[0]?.failures).toHaveLength(60);
  });

  test('of Titan: failures within a day are one, a device in service is up to the end', async () => {
    const titan = `SN,location,insert,remove,duration,out,event
01,c0-0,2017-01-01 00:00:00,2017-06-01 00:00:00,1,FALSE,
01,c0-0,,2017-03-01 00:00:00,,FALSE,DBE
01,c0-0,,2017-03-01 09:00:00,,FALSE,DBE
02,c0-0,2017-06-02 00:00:00,,,FALSE,
03,c0-1,2017-01-01 00:00:00,,,FALSE,
03,c0-1,,2017-12-31 00:00:00,,FALSE,OTB
`;
    const directory = await directoryWith({ 'titan.csv': titan });
    const [group] = titanGroups(join(directory, 'titan.csv'), '2017-10-01');
    expect(group?.hosts.map(({ failures }) => failures.length)).toEqual([1, 1]);
    expect(group?.hosts[0]?.up.map(({ device }) => device)).toEqual(['01', '02']);
    expect(group?.judgedFromSeconds).toBe(Date.UTC(2017, 9, 1) / 1000);
  });
});

test('of GPU servers: those that never failed are there, faults of one moment are one, others only take it down', async () => {
  const csv = `server,start_day,end_day,level,class,description
server-001,10,11,Hardware Failure,GPU,x
server-001,10,12,Hardware Failure,GPU,y
server-001,40,41,Software Failure,OS,z
server-002,100,,Hardware Failure,Fan,"fan, of a PSU"
`;
  const directory = await directoryWith({ 'hbd.csv': csv });
  const read = (level: 'hardware' | 'all') =>
    hbdGroups(join(directory, 'hbd.csv'), { level, servers: 5 })[0];
  const counts = (level: 'hardware' | 'all') =>
    read(level)?.hosts.map(({ failures }) => failures.length);
  expect(counts('hardware')).toEqual([1, 1, 0, 0, 0]);
  expect(counts('all')).toEqual([2, 1, 0, 0, 0]);
  const DAY = 86_400;
  expect(
    read('hardware')?.hosts[0]?.up.map(({ fromSeconds, toSeconds }) => [
      fromSeconds / DAY,
      toSeconds / DAY,
    ]),
  ).toEqual([
    [0, 10],
    [12, 40],
    [41, 100],
  ]);
});

test('a node that fails again and again is ranked first by all that remember, and a gang avoids it', async () => {
  const directory = await directoryWith({ 'lanl.csv': lemonCsv() });
  const { auc7d, gain, gang } = judge(lanlGroups(join(directory, 'lanl.csv')), 1);
  expect(auc7d.surefoot.value).toBeGreaterThan(0.95);
  expect(auc7d.none).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  expect(gain.none.value).toBeGreaterThan(0.45);
  expect(gang.j25.surefoot).toBeGreaterThan(0.9);
  expect(gang.j25.none).toBeCloseTo(0);
});

describe('a wrong call', () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['test/research/evaluate/evaluate.ts', ...args]).then(
      () => ({ code: 0, stderr: '' }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
    );

  test('names the file, and what is wrong with it', async () => {
    const directory = await directoryWith({ 'a.csv': 'x,y\n1,2\n' });
    const file = join(directory, 'a.csv');
    expect(await run('--lanl=/nowhere', `--titan=${file}`)).toEqual({
      code: 2,
      stderr: '/nowhere: cannot be read (ENOENT); name the file of the record\n',
    });
    const { code, stderr } = await run(`--lanl=${file}`, `--titan=${file}`);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'the column System, nodes, nodenumz, Prob Started, Prob Fixed is missing',
    );
  });
});
