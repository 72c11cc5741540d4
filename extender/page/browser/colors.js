/** Colours of page.css as a canvas takes them: there they are for light and dark at once. */

const dark = matchMedia('(prefers-color-scheme: dark)');
/** @type {Map<string, string>} */
const known = new Map();
dark.addEventListener('change', () => known.clear());

/**
 * A colour by its name in page.css, as it is now.
 * @param {string} name
 */
export function colorNamed(name) {
  const color = known.get(name) ?? resolved(name);
  known.set(name, color);
  return color;
}

/** @param {string} name */
function resolved(name) {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
