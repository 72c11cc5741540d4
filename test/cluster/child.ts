import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { eventually } from './eventually.ts';

// One listener for each child of a bed, and tests start many.
process.setMaxListeners(200);

/** A program that runs beside us, with its output in a file. */
export class Child {
  readonly name: string;
  readonly logPath: string;
  readonly #process: ChildProcess;

  constructor(name: string, path: string, args: readonly string[], logPath: string) {
    this.name = name;
    this.logPath = logPath;
    const log = createWriteStream(logPath, { flags: 'a' });
    this.#process = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stdout?.pipe(log, { end: false });
    this.#process.stderr?.pipe(log, { end: false });
    this.#process.once('error', (error) => log.write(`${error.message}\n`));
    // Whoever ends us without asking must not leave a control plane behind.
    process.once('exit', () => this.#process.kill('SIGKILL'));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** What it ended with; absent while it runs, and where a signal ended it. */
  get exitStatus(): number | undefined {
    return this.#process.exitCode ?? undefined;
  }

  /** Asks it to stop and waits; after 10 s it is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    const cut = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(cut);
  }

  /** The port on which it says that it serves. */
  servingPort(): Promise<number> {
    return eventually(`${this.name} to serve`, async () => {
      const text = await readFile(this.logPath, 'utf8').catch(() => '');
      const found = /"msg":"serving","port":(\d+)/.exec(text)?.[1];
      return found !== undefined && Number(found);
    });
  }

  /** The end of its log, for a message about its death. */
  async lastWords(): Promise<string> {
    const text = await readFile(this.logPath, 'utf8').catch(() => '');
    return text.slice(-1500);
  }
}
