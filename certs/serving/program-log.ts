import { type Logger, pino } from 'pino';
import { printable } from './printable.ts';

/** One JSON object a line on standard output; the level comes from the flag, not the environment. */
export function programLog(program: string, level = 'info'): Logger {
  const output = pino.destination({ fd: 1, sync: true });
  return pino(
    {
      name: program,
      level,
      base: { program },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    // JSON escapes control characters, but not all that terminals act on.
    { write: (line: string) => output.write(printable(line)) },
  );
}
