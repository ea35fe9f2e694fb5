// The page of the simulator: which view is shown, and the question, once a second, whether there is something new.
//
// The views are in tabs.js. A view is an object with `name`, `title` and `show(place)`, which fills the place once and
// gives a function that is called after each answer of the simulator, with its overview. All text goes into the page as
// text, never as HTML: it comes from whoever called the simulator.

import { call, el, onAttempt } from './elements.js';
import { views } from './tabs.js';

const POLL_MS = 1000;

const byId = (id) => document.getElementById(id);

let overview = null;
let refresh = null;
let shown = null;
let paused = false;
let busy = false;

onAttempt((error) => {
  byId('message').hidden = !error;
  if (error) byId('message').textContent = error.message;
  return poll(true);
});

function connection(text, kind) {
  const badge = byId('connection');
  // Only a change is written: it is read aloud.
  if (badge.textContent !== text) badge.textContent = text;
  badge.className = `badge ${kind}`;
}

async function poll(asked = false) {
  if (busy || (!asked && (paused || document.hidden))) return;
  busy = true;
  try {
    overview = await call('GET', 'overview');
    byId('version').textContent = overview.version;
    byId('mode').hidden = !overview.mock;
    tabs();
    if (shown === null) show();
    await refresh(overview);
    connection(paused ? 'paused' : 'live', paused ? '' : 'live');
  } catch (error) {
    connection(error instanceof TypeError ? 'no connection' : error.message, 'lost');
  } finally {
    busy = false;
  }
}

function available() {
  return views.filter((view) => !overview.mock || view.inMock);
}

function tabs() {
  const list = byId('tabs');
  if (list.children.length !== available().length) {
    list.replaceChildren(
      ...available().map((view) =>
        el('li', {}, el('a', { href: `#${view.name}` }, `${view.title} `, el('span', { className: 'count' })))
      )
    );
  }
  available().forEach((view, index) => {
    const link = list.children[index].firstChild;
    const count = view.count ? view.count(overview) : undefined;
    link.lastChild.textContent = count === undefined ? '' : count;
    if (view === shown) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  });
}

function show() {
  const wanted = location.hash.slice(1);
  shown = available().find((view) => view.name === wanted) || available()[0];
  document.title = `${shown.title} - wazo-auth-simulator`;
  const place = byId('view');
  place.replaceChildren();
  refresh = shown.show(place);
  tabs();
}

addEventListener('hashchange', () => {
  if (overview === null) return;
  show();
  byId('view').focus();
  poll(true);
});
document.addEventListener('visibilitychange', () => poll());
byId('pause').addEventListener('click', (event) => {
  paused = !paused;
  event.currentTarget.setAttribute('aria-pressed', paused);
  poll(true);
});
setInterval(poll, POLL_MS);
poll(true);
