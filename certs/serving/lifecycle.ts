import type { Logger } from 'pino';

/** A wrong call or configuration: the program says the sentence and exits with status 2. */
export class WrongCall extends Error {
  override readonly name = 'WrongCall';
}

/** Something that runs until it is told to stop. */
export interface Service {
  /** Drains and closes; resolves when nothing of it is left running. */
  stop(): Promise<void>;
}

/**
 * Runs a program the way every server of ours runs: start, wait for SIGTERM or SIGINT, stop.
 * A second signal exits at once with status 1, for the person who does not want to wait.
 */
export async function runUntilSignal(start: () => Promise<Service>, log: Logger): Promise<void> {
  const service = await start();
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.once(name, () => {
        process.once(name, () => process.exit(1));
        resolve(name);
      });
    }
  });
  log.info({ signal }, 'stopping');
  await service.stop();
  log.info('stopped');
}
