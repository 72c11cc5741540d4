import { byId } from './dom.js';

/**
 * What an address shows. A view makes its elements once; `update` is called with what has changed since.
 * @typedef {object} View
 * @property {string} title
 * @property {Node} element
 * @property {(changed: import('./state.js').Changed) => void} update
 * @property {() => void} [close] Ends what goes on.
 */

/** @typedef {(...parts: readonly string[]) => View} MakeView */

/** @type {() => void} */
let showNow = () => {};

/**
 * Goes to an address of the page.
 * @param {string} path
 */
export function go(path) {
  if (path !== location.pathname + location.search) history.pushState(null, '', path);
  showNow();
  byId('view').focus({ preventScroll: true });
  scrollTo(0, 0);
}

/**
 * Shows the view of the address, and follows links and the browser's own buttons.
 * @param {readonly (readonly [RegExp, MakeView])[]} routes
 */
export function startRouting(routes) {
  /** @type {View | undefined} */
  let current;
  function show() {
    current?.close?.();
    current = viewAt(routes, location.pathname);
    byId('view').replaceChildren(current.element);
    document.title = [current.title, byId('name').textContent].filter(Boolean).join(' · ');
    for (const link of document.querySelectorAll('nav a')) {
      const isHere = link.getAttribute('href') === `/${location.pathname.split('/')[1]}`;
      link.toggleAttribute('aria-current', isHere);
      if (isHere) link.setAttribute('aria-current', 'page');
    }
  }
  showNow = show;
  addEventListener('popstate', show);
  addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const path = link?.getAttribute('href');
    const isPlain = !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0;
    if (path?.startsWith('/') !== true || !isPlain) return;
    event.preventDefault();
    go(path);
  });
  addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.key === '/' && !isTyping) {
      const search = document.querySelector('input[type=search]');
      if (!(search instanceof HTMLInputElement)) return;
      event.preventDefault();
      search.focus();
    }
    if (event.key === 'Escape' && location.pathname !== '/') go('/');
  });
  return {
    show,
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      current?.update(changed);
    },
  };
}

/**
 * @param {readonly (readonly [RegExp, MakeView])[]} routes
 * @param {string} path
 * @returns {View}
 */
function viewAt(routes, path) {
  for (const [pattern, make] of routes) {
    const found = pattern.exec(path);
    if (found !== null) return make(...found.slice(1).map(decodeURIComponent));
  }
  const element = document.createElement('p');
  element.textContent = `There is no view at ${path}.`;
  return { title: 'Nothing here', element, update() {} };
}
