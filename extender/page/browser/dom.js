/**
 * A new element. What tenants write only ever becomes text, never markup.
 * @param {string} tag
 * @param {string} className
 * @param {...(string | Node)} children
 * @returns {HTMLElement}
 */
export function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/**
 * A button that does something.
 * @param {string} words
 * @param {() => void} onPress
 */
export function actButton(words, onPress) {
  const button = el('button', 'act', words);
  button.addEventListener('click', onPress);
  return button;
}

/**
 * The element of this id in index.html.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no element "${id}"`);
  return element;
}

/**
 * Shows these items in this order. Elements of items that stay are kept, and with them focus and
 * scroll; only `update` writes into them.
 * @template T
 * @param {HTMLElement} container
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} make
 * @param {(element: HTMLElement, item: T) => void} update
 */
export function showKeyed(container, items, keyOf, make, update) {
  /** @type {Map<string, HTMLElement>} */
  const existing = new Map();
  for (const child of container.children) {
    if (child instanceof HTMLElement) existing.set(child.dataset.key ?? '', child);
  }
  let place = container.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const element = existing.get(key) ?? make(item);
    element.dataset.key = key;
    existing.delete(key);
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else container.insertBefore(element, place);
  }
  for (const left of existing.values()) left.remove();
}
