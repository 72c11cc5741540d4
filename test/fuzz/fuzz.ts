import { parseArgs } from 'node:util';
import { Mutations } from './mutations.ts';
import { fuzzQuestion } from './questions.ts';
import { fuzzReview } from './reviews.ts';

/**
 * `npm run fuzz -- [--seed N] [--bodies N]`: spoils so many questions of a scheduler and so many reviews of the API
 * server, and compares how they are read with a plain reader. Exit status 1 at the first difference.
 */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    bodies: { type: 'string', default: '1000000' },
  },
});
const [seed, bodies] = [Number(values.seed), Number(values.bodies)];
if (!Number.isInteger(seed) || !Number.isInteger(bodies) || bodies < 1) {
  console.error('--seed and --bodies take whole numbers, such as --seed 7 --bodies 100000');
  process.exit(2);
}

for (const [what, fuzz] of [
  ['questions', fuzzQuestion],
  ['reviews', fuzzReview],
] as const) {
  const mutations = new Mutations(seed);
  for (let count = 1; count <= bodies; count += 1) {
    try {
      fuzz(mutations);
    } catch (error) {
      console.error(`${what}: number ${count} of seed ${seed} is ${(error as Error).message}`);
      process.exit(1);
    }
    if (count % 100_000 === 0) console.error(`${what}: ${count} of ${bodies}`);
  }
  console.log(`${bodies} ${what} of seed ${seed}, 0 differences`);
}
