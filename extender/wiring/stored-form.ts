import type { HostHistory } from '../history/host-history.ts';
import type { StoredForm } from '../page/shapes.ts';
import { statusOf } from '../storage/encode.ts';
import { objectNameOf } from '../storage/schema.ts';

/** A history in the form in which it is stored: for reports without a cluster to read from. */
export function storedForm(history: HostHistory): StoredForm {
  return { name: objectNameOf(history.host), status: statusOf(history).status };
}
