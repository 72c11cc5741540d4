import { byId } from './dom.js';

/**
 * Asks for something to be done to the world behind the page, and says what came of it.
 * @param {import('../shapes.ts').ControlName} name
 * @param {string} target
 */
export async function act(name, target) {
  const notice = byId('notice');
  try {
    const response = await fetch(`/api/controls/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ target }),
    });
    const { done, error } = await response.json();
    notice.textContent = done ?? error;
  } catch {
    notice.textContent = 'Surefoot does not answer; is it still running?';
  }
}
