import { expect, test } from 'vitest';
// @ts-expect-error the page's modules are checked by a configuration of their own
import { spanInWords as inBrowser } from '../../../extender/page/browser/words.js';
import { spanInWords } from '../../../webhook/words/duration.ts';

test.each([0, 0.44, 9.96, 72, 599.4, 725, 7199, 12_600, 172_800, 1e7])(
  'the page says %d s as the programs do',
  (seconds) => {
    expect(inBrowser(seconds)).toBe(spanInWords(seconds));
  },
);
