import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const OPPONENTS = join(import.meta.dirname, 'opponents');

/** Builds an opponent that is written in Go; gives the path of the program. */
export async function goOpponent(name: string, directory: string): Promise<string> {
  const path = join(directory, name);
  await promisify(execFile)('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', path, '.'], {
    cwd: join(OPPONENTS, name),
    env: { ...process.env, CGO_ENABLED: '0' },
  });
  return path;
}
