import { changeOf, type Interval, intervalOf } from '../../simulation/interval.ts';
import type { Outcome } from '../../simulation/outcome.ts';
import type { Runs } from '../../simulation/run.ts';
import type { Cell } from '../terminal/table.ts';

interface Row {
  readonly name: string;
  readonly of: (outcome: Outcome) => number;
  /** A share, which is compared in percentage points. */
  readonly isShare?: boolean;
}

/** What each policy lost, with 95 % intervals over the seeds, and how Surefoot compares with the stock scheduler. */
export function outcomeRows(all: readonly Runs[]): readonly (readonly Cell[])[] {
  const stock = all[0]?.outcomes ?? [];
  const surefoot = all.at(-1)?.outcomes ?? [];
  const names = all.slice(1, -1).map(({ policy }) => policy.toUpperCase());
  return [
    ['', 'WITHOUT SUREFOOT', ...names, 'WITH SUREFOOT', 'CHANGE'],
    ...rowsFor(stock, surefoot).map(({ name, of, isShare = false }) => [
      name,
      ...all.map(({ outcomes }) => cell(intervalOf(outcomes.map(of)), isShare)),
      isShare ? points(stock.map(of), surefoot.map(of)) : percent(stock.map(of), surefoot.map(of)),
    ]),
  ];
}

function rowsFor(stock: readonly Outcome[], surefoot: readonly Outcome[]): readonly Row[] {
  const both = [...stock, ...surefoot];
  const keys = (pick: (outcome: Outcome) => Readonly<Record<string, number>>) =>
    [...new Set(both.flatMap((outcome) => Object.keys(pick(outcome))))].sort();
  return [
    {
      name: 'expected loss, device-hours',
      of: ({ expectedLossDeviceHours }) => expectedLossDeviceHours,
    },
    {
      name: '  share of the fleet',
      of: ({ expectedLossShare }) => expectedLossShare,
      isShare: true,
    },
    {
      name: '  work that faults undo',
      of: ({ expectedWorkDeviceHours }) => expectedWorkDeviceHours,
    },
    { name: '  slowdown', of: ({ slowdownDeviceHours }) => slowdownDeviceHours },
    { name: '  waiting for a node', of: ({ lostDeviceHours }) => lostDeviceHours.waiting },
    { name: '  pulling images', of: ({ lostDeviceHours }) => lostDeviceHours.pulling },
    { name: '  cold starts', of: ({ lostDeviceHours }) => lostDeviceHours.coldStart },
    {
      name: 'work undone, as chance had it',
      of: ({ lostDeviceHours }) => lostDeviceHours.work,
    },
    { name: 'interruptions', of: ({ interruptions }) => sum(interruptions) },
    ...keys(({ interruptions }) => interruptions).map((cause) => ({
      name: `  by ${cause}`,
      of: ({ interruptions }: Outcome) => interruptions[cause] ?? 0,
    })),
    { name: 'restarts of groups', of: ({ restarts }) => sum(restarts) },
    ...keys(({ restarts }) => restarts).map((cause) => ({
      name: `  by ${cause}`,
      of: ({ restarts }: Outcome) => restarts[cause] ?? 0,
    })),
    ...keys(({ racks }) => racks).map((group) => ({
      name: `racks of ${group}`,
      of: ({ racks }: Outcome) => racks[group] ?? 0,
    })),
    { name: 'nodes free as a whole', of: ({ wholeFreeNodes }) => wholeFreeNodes },
    { name: 'pods that came back', of: ({ comebacks }) => comebacks },
    {
      name: '  to a warm node',
      of: ({ comebacks, warmComebacks }) => warmComebacks / Math.max(comebacks, 1),
      isShare: true,
    },
    { name: 'pods refused by a kubelet', of: ({ rejections }) => rejections },
  ];
}

function cell({ mean, half }: Interval, isShare: boolean): string {
  const text = (value: number) => (isShare ? (100 * value).toFixed(2) : rounded(value));
  return `${text(mean)}${half === undefined ? '' : ` ± ${text(half)}`}${isShare ? ' %' : ''}`;
}

/** By how many percentage points it differs, seed by seed. */
function points(before: readonly number[], after: readonly number[]): string {
  const { mean, half } = intervalOf(before.map((value, seed) => (after[seed] ?? 0) - value));
  const spread = half === undefined ? '' : ` ± ${(100 * half).toFixed(2)}`;
  return `${signed(100 * mean, 2)}${spread} points`;
}

/** By how many percent of the mean it differs, seed by seed. */
function percent(before: readonly number[], after: readonly number[]): string {
  const change = changeOf(before, after);
  if (change === undefined) return '';
  const { mean, half } = change;
  const spread = half === undefined ? '' : ` ± ${(100 * half).toFixed(1)}`;
  return `${signed(100 * mean, 1)}${spread} %`;
}

function signed(value: number, digits: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(digits)}`;
}

function rounded(value: number): string {
  const digits = Math.abs(value) < 100 && !Number.isInteger(value) ? 1 : 0;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function sum(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((total, number) => total + number, 0);
}
