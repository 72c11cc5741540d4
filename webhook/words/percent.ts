import { z } from 'zod';

const PERCENT = /^(\d{1,3}(?:\.\d{1,3})?)%$/;

/** A share in a configuration file, written as `5%` and read as 0.05. */
export const percentField = z
  .string({ error: 'expected a share such as "5%"' })
  .transform((text, context) => {
    const [, number] = PERCENT.exec(text) ?? [];
    if (number !== undefined && Number(number) <= 100) return Number(number) / 100;
    context.addIssue({
      code: 'custom',
      message: `"${text.slice(0, 40)}" is not a share from 0% to 100%; write one such as "5%"`,
    });
    return z.NEVER;
  });
