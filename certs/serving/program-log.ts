import { type Logger, pino } from 'pino';

/** One JSON object a line on standard output; the level comes from the flag, not the environment. */
export function programLog(program: string, level = 'info'): Logger {
  return pino({
    name: program,
    level,
    base: { program },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
