/** The value of one sample in Prometheus' text format, found by name and labels; 0 if absent. */
export function sample(
  metrics: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) =>
      Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
