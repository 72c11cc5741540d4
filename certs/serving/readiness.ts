/** What `/readyz` says, for programs: as JSON with `?output=json`, as text for people otherwise. */
export interface Readiness {
  readonly isReady: boolean;
  readonly checks: readonly CheckResult[];
}

/** One check; its name is stable, machines switch on it. */
export interface CheckResult {
  readonly name: string;
  readonly isOk: boolean;
  /** What is missing, or what is not as it should be though nothing is missing. */
  readonly words?: string;
}

/** The text form, which is the API server's own verbose one. */
export function readinessText({ isReady, checks }: Readiness): string {
  const lines = checks.map(({ name, isOk, words }) => {
    if (!isOk) return `[-]${name} failed: ${words ?? ''}`;
    return words === undefined ? `[+]${name} ok` : `[+]${name} ok, but ${words}`;
  });
  return `${[...lines, isReady ? 'ready' : 'not ready'].join('\n')}\n`;
}

const NOT_OURS: Readiness = { isReady: false, checks: [] };

/** Reads either form: programs before 0.2 answer in text, whatever they are asked for. */
export function readinessIn(body: string): Readiness {
  try {
    const { isReady, checks } = JSON.parse(body) as Partial<Readiness>;
    return Array.isArray(checks) ? { isReady: isReady === true, checks } : NOT_OURS;
  } catch {
    const lines = body.split('\n');
    return { isReady: lines.includes('ready'), checks: lines.flatMap(checkIn) };
  }
}

function checkIn(line: string): readonly CheckResult[] {
  const {
    sign,
    name = '',
    words,
  } = /^\[(?<sign>[+-])\](?<name>\S+) (?:ok, but |failed: |ok$)(?<words>.*)$/.exec(line)?.groups ??
  {};
  if (sign === undefined) return [];
  return [{ name, isOk: sign === '+', ...(words !== undefined && words !== '' && { words }) }];
}
