import type { Service } from '../certs/serving/lifecycle.ts';
import { type Context, loadContext } from './wiring/context.ts';
import { doorsOf, type ExtenderOptions } from './wiring/options.ts';
import { composeProgram, type Program } from './wiring/program.ts';
import { startServers } from './wiring/servers.ts';
import { startTimers } from './wiring/timers.ts';

/** An extender that serves. */
export interface RunningExtender extends Service {
  /** The ports it was given, or found free where it was given 0. */
  readonly ports: { readonly listen: number; readonly admin: number; readonly page: number };
}

/** Starts the extender. Throws WrongCall when a flag, the configuration or the kubeconfig is no good. */
export async function startExtender(options: ExtenderOptions): Promise<RunningExtender> {
  const doors = doorsOf(options);
  const context = await loadContext(options);
  const program = composeProgram(options, context);
  let isStopping = false;
  const servers = await startServers(options, doors, context, program, () => isStopping);
  const starting = start(program, context, () => isStopping);
  void context.config.follow();
  const stopTimers = startTimers(program, context, options);
  const ports = {
    listen: servers.questions.port,
    admin: servers.admin.port,
    page: servers.page.port,
  };
  const { listen: port, admin, page } = ports;
  context.log.info({ port, admin, page, mode: context.config.value.extender.mode }, 'serving');

  return {
    ports,
    async stop() {
      isStopping = true;
      stopTimers();
      program.prometheus.stop();
      context.config.stop();
      await servers.questions.stop(options.drainSeconds);
      program.live.stop();
      await Promise.all([program.watches.stop(), program.leader.stop(), program.book.round()]);
      await Promise.all([
        starting,
        servers.admin.stop(0),
        servers.page.stop(0),
        servers.gates?.stop(0),
      ]);
    },
  };
}

/** Takes in what is stored and what is there; then lets this replica record the history when it is its turn. */
async function start(
  { leader, engine, watches, book }: Program,
  { nowSeconds }: Context,
  isStopping: () => boolean,
): Promise<void> {
  // What is stored first: a slot whose pod is found again must be known to have been away.
  await leader.load();
  // Told to stop while the API server was away: nothing may begin any more.
  if (isStopping()) return;
  engine.ingest.restoreHomes();
  await watches.start();
  engine.rates.reckon(nowSeconds());
  collectGarbage();
  if (!isStopping()) leader.start(engine.ingest);
  await book.round();
}

/**
 * What was read and dropped while the fleet was listed is half of the memory; left alone, the collector would keep room
 * for it for good. Takes a tenth of a second with 5,000 nodes, once. Only where Node is started with `--expose-gc`, as
 * in the image.
 */
function collectGarbage(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
