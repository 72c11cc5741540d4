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
 * A link within the page.
 * @param {string} path
 * @param {string} words
 */
export function linkTo(path, words) {
  const link = el('a', '', words);
  link.setAttribute('href', path);
  return link;
}

/**
 * The address of a thing, each part of its name made safe.
 * @param {...string} parts
 */
function pathOf(...parts) {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** @param {string} node */
export function nodeLink(node) {
  return linkTo(pathOf('nodes', node), node);
}

/** @param {string} pod as `namespace/name` */
export function podLink(pod) {
  return linkTo(pathOf('pods', ...pod.split('/')), pod);
}

/** @param {string} job as `namespace/kind/name` */
export function jobLink(job) {
  // Its name is whatever a tenant has written: it must not become a path.
  return linkTo(`/jobs?${new URLSearchParams({ job })}`, job);
}

/**
 * A section with a heading.
 * @param {string} title
 * @param {...(string | Node)} children
 */
export function section(title, ...children) {
  return el('section', '', el('h2', '', title), ...children);
}

/**
 * A table; each row is a list of cells.
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | Node)[])[]} rows
 */
export function table(head, rows) {
  const box = el(
    'div',
    'table',
    el(
      'table',
      '',
      el('thead', '', el('tr', '', ...head.map((one) => el('th', '', one)))),
      el('tbody', '', ...rows.map((row) => el('tr', '', ...row.map((cell) => el('td', '', cell))))),
    ),
  );
  // What is wider than the screen is scrolled, also from the keyboard.
  box.tabIndex = 0;
  box.role = 'region';
  box.ariaLabel = head.join(', ');
  return box;
}

/**
 * What is served at a path, or what went wrong, in a sentence.
 * @param {string} path
 */
async function answerOf(path) {
  try {
    const response = await fetch(path);
    const answer = await response.json();
    return response.ok ? { answer } : { error: answer.error };
  } catch {
    return { error: 'Surefoot does not answer; is it still running?' };
  }
}

/**
 * Fetches JSON and shows it; says what went wrong where that fails. Asked again while it is under way, it fetches once
 * more afterwards.
 * @template T
 * @param {string} path
 * @param {HTMLElement} box
 * @param {(answer: T) => void} show
 * @returns {() => void} fetches
 */
export function fetching(path, box, show) {
  let isBusy = false;
  let isAskedAgain = false;
  async function ask() {
    if (isBusy) {
      isAskedAgain = true;
      return;
    }
    isBusy = true;
    const { answer, error } = await answerOf(path);
    if (error === undefined) show(answer);
    else box.replaceChildren(error);
    isBusy = false;
    if (!isAskedAgain) return;
    isAskedAgain = false;
    // At most twice a second, whatever happens.
    setTimeout(ask, 500);
  }
  return ask;
}
