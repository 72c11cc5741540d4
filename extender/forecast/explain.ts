import { spanInWords } from '../../webhook/words/duration.ts';
import { bytesInWords } from '../../webhook/words/quantity.ts';
import type { Reason, ReasonCode } from '../../webhook/words/reason.ts';
import type { Candidate } from './candidate.ts';
import type { Forecast } from './loss.ts';

/** Less than this is not worth a word. */
const WORTH_SAYING_SECONDS = 0.5;

/** A reason of a forecast: the code is a term's, or that of a remark. */
export type ForecastReason = Omit<Reason, 'code'> & { readonly code: string };

/** The evidence behind a forecast: remarks, and one reason for each term that weighs anything. */
export function reasonsOf(forecast: Forecast, nowSeconds: number): readonly ForecastReason[] {
  return [...remarksOn(forecast.candidate, nowSeconds), ...termReasons(forecast, nowSeconds)];
}

/** `gpu-7: 312 s = 240 s pulling 11.2 GiB + 72 s risk: ...`. */
export function forecastInWords(forecast: Forecast, nowSeconds: number): string {
  const { candidate, lossSeconds } = forecast;
  const terms = termReasons(forecast, nowSeconds).map(({ words }) => words);
  const remarks = remarksOn(candidate, nowSeconds).map(({ words }) => words);
  const total = `${candidate.node}: ${spanInWords(lossSeconds)}`;
  const sum = terms.length === 0 ? total : `${total} = ${terms.join(' + ')}`;
  return [sum, ...remarks].join('; ');
}

function termReasons(
  { terms, seconds, candidate, expectations }: Forecast,
  nowSeconds: number,
): readonly ForecastReason[] {
  return terms.flatMap(({ name, code, words }) => {
    const lost = seconds[name] ?? 0;
    return lost < WORTH_SAYING_SECONDS
      ? []
      : [{ code, words: words(candidate, lost, nowSeconds, expectations) }];
  });
}

/** What is worth knowing of a candidate, beside what it costs. */
function remarksOn(candidate: Candidate, nowSeconds: number): readonly Reason[] {
  const { homeSinceSeconds, missingBytes, arrivedBytes, presentBytes, unknownImages } = candidate;
  const remarks: Reason[] = [];
  const remark = (code: ReasonCode, words: string) => remarks.push({ code, words });
  if (homeSinceSeconds !== undefined) {
    const ago = spanInWords(Math.max(0, nowSeconds - homeSinceSeconds));
    remark('Home', `home: the same slot ran here until ${ago} ago`);
  }
  if (missingBytes === 0 && arrivedBytes > 0) {
    remark('ImagesPresent', `${bytesInWords(arrivedBytes)} of images have just been pulled`);
  } else if (missingBytes === 0 && presentBytes > 0) {
    remark('ImagesPresent', `${bytesInWords(presentBytes)} of images are here`);
  }
  const { count, one } = unknownImages;
  if (count > 0) {
    const more = count === 1 ? '' : ` and ${count - 1} more`;
    const they = count === 1 ? 'it is' : 'they are';
    remark(
      'ImageSizeUnknown',
      `no node lists ${one}${more}, so ${they} taken for the average image`,
    );
  }
  return remarks;
}
