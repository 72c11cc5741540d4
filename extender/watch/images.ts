/**
 * An image name as the container runtime lists it: registry, path and tag or digest written out.
 * `busybox` and `docker.io/library/busybox:latest` are the same image.
 */
export function normalizedImage(name: string): string {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const path = hasRegistry ? name : `docker.io/${slash === -1 ? 'library/' : ''}${name}`;
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@') ? path : `${path}:latest`;
}
