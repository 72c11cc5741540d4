import { builtInCatalogue } from '../../extender/built-in-catalogue.ts';
import { catalogueOf } from '../../extender/history/catalogue.ts';

/** The catalogue as it is shipped. */
export const CATALOGUE = catalogueOf(builtInCatalogue());
