/** `rack r12`; and `rack-3`, of which the name says what it is. */
export function groupName(kind: string, name: string): string {
  return name.toLowerCase().startsWith(kind) ? name : `${kind} ${name}`;
}
