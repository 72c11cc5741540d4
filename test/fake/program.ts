import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const EXECUTABLE = join(import.meta.dirname, '../../extender/commands/surefoot.ts');

/** What a process is started with, where it is not the checkout's executable. */
export interface HowToRun {
  readonly node?: string;
  /** The file, after flags of Node's own. */
  readonly executable?: readonly string[];
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** What a process has said, and its exit status. */
export interface Ended {
  readonly status: unknown;
  readonly output: string;
  readonly errors: string;
}

/** `surefoot ARGS` as a process of its own, ended with the test. */
export class Program {
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #output = '';
  #errors = '';

  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    { node = process.execPath, executable = [EXECUTABLE], ...how }: HowToRun = {},
  ) {
    this.#process = spawn(node, [...executable, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...how,
    });
    this.#exit = once(this.#process, 'close');
    this.#process.stdout?.on('data', (chunk) => {
      this.#output += chunk;
    });
    this.#process.stderr?.on('data', (chunk) => {
      this.#errors += chunk;
    });
    onTestFinished(() => {
      this.#process.kill('SIGKILL');
    });
  }

  /** What it logs once it serves. */
  async serving(): Promise<{ readonly port: number; readonly admin: number }> {
    for (;;) {
      const line = this.#output.split('\n').find((text) => text.includes('"msg":"serving"'));
      if (line !== undefined) return JSON.parse(line);
      if (this.#process.exitCode !== null) throw new Error(`it ended: ${this.#errors}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What it has said so far. */
  get output(): string {
    return this.#output;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** How it ended, and what it said on standard error. */
  async ended(): Promise<Ended> {
    const [status] = await this.#exit;
    return { status, output: this.#output, errors: this.#errors };
  }
}
