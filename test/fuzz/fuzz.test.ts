import { expect, test } from 'vitest';
import { Mutations } from './mutations.ts';
import { fuzzQuestion } from './questions.ts';
import { fuzzReview } from './reviews.ts';

// `npm run fuzz` does a million of each; this is some seconds of it, of another seed.
test.each([
  { what: 'questions of a scheduler', fuzz: fuzzQuestion, bodies: 400_000 },
  { what: 'reviews of the API server', fuzz: fuzzReview, bodies: 200_000 },
])(
  '$bodies spoilt $what are read as a plain reader reads them',
  ({ fuzz, bodies }) => {
    const mutations = new Mutations(21);
    let read = 0;
    for (let count = 0; count < bodies; count += 1) if (fuzz(mutations)) read += 1;
    // Most bodies that are spoilt are no JSON any more; of the others there must be many, or nothing is compared.
    expect(read).toBeGreaterThan(bodies / 5);
  },
  120_000,
);
