const order = new Intl.Collator('en', { numeric: true });

/** Names in the order in which people count: `gpu-9` before `gpu-10`. */
export function inNaturalOrder(a: string, b: string): number {
  return order.compare(a, b);
}
