import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { durationSeconds } from '../../../webhook/words/duration.ts';
import { htmlOf, markdownOf } from '../../report/document.ts';
import { fleetReport } from '../../report/fleet-report.ts';
import { reportDocument } from '../../report/report-document.ts';
import type { PageOptions } from './extender-pages.ts';
import { storedHistories } from './stored-histories.ts';

export interface ReportOptions extends PageOptions {
  readonly since: string;
  readonly output: 'md' | 'html' | 'json';
}

/** What happened to the fleet in a span, as a text. */
export async function report(options: ReportOptions): Promise<string> {
  const { since, output } = options;
  const seconds = durationSeconds(since);
  if (seconds === undefined) {
    throw new WrongCall(`--since: "${since}" is not a duration; write one such as 7d or 30d`);
  }
  const { histories, placements, releases, nowSeconds, cluster } = await storedHistories(options);
  const span = { fromSeconds: nowSeconds - seconds, nowSeconds };
  const made = fleetReport(histories, span, { placements, releases });
  if (output === 'json') return JSON.stringify(made, null, 2);
  const document = reportDocument(made, cluster);
  return output === 'html' ? htmlOf(document) : markdownOf(document);
}
