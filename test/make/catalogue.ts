import { builtInCatalogue } from '../../extender/signals/built-in-catalogue.ts';
import { catalogueOf } from '../../extender/signals/catalogue.ts';

/** The catalogue as it is shipped. */
export const CATALOGUE = catalogueOf(builtInCatalogue());
