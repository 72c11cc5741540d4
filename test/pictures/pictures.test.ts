import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPage } from '../fake/browser.ts';
import { PICTURES, takePictures } from './pictures.ts';

/** Edges of letters are drawn a little differently by other machines. */
const MOST_DIFFERENT = 0.02;

/** In the page: the share of pixels of two pictures that differ so that one sees it. */
const COMPARE = `async ([one, other]) => {
  const pixels = async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.getContext('2d').getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(one), await pixels(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let different = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    const by = Math.max(...[0, 1, 2].map((part) => Math.abs(a.data[at + part] - b.data[at + part])));
    if (by > 64) different += 1;
  }
  return different / (a.data.length / 4);
}`;

test('the pictures of the docs show the page as it is', async () => {
  const taken = await takePictures();
  const page = await openPage('data:text/html,<title>compare</title>');
  for (const [name, bytes] of taken) {
    const kept = await readFile(join(PICTURES, name));
    const sources = [kept, bytes].map((one) => `data:image/png;base64,${one.toString('base64')}`);
    const share = await page.evaluate(`(${COMPARE})(${JSON.stringify(sources)})`);
    expect(share, `${name} differs; look at what npm run pictures makes`).toBeLessThan(
      MOST_DIFFERENT,
    );
  }
}, 60_000);
