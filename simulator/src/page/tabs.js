// The views of the page: requests, events, tokens, state, faults, settings. See page.js.

import { attempt, call, el } from './elements.js';

const MOST_ROWS = 200;

const button = (text, work, properties = {}) =>
  el('button', { type: 'button', onclick: () => attempt(work), ...properties }, text);
const json = (value) => JSON.stringify(value, null, 2);
const clock = (text) => (text || '').slice(11, 23);

/** What a status means, for its colour. */
function verdict(status) {
  if (status >= 500) return 'failed';
  return status >= 400 ? 'refused' : 'ok';
}

/** A list that grows at its top: entries that came before stay as they are, so that what is open stays open. */
function log({ name, title, empty, last, summary, detail = (item) => item, inMock }) {
  function show(place) {
    let newest = 0;
    const list = el('ol', { className: `log ${name}` });
    const nothing = el('p', { className: 'hint' }, empty);
    const filter = el('input', {
      type: 'search', placeholder: 'Filter', 'aria-label': `Filter the ${name}`, className: 'grow', oninput: sift,
    });
    const fits = (entry) => entry.textContent.toLowerCase().includes(filter.value.toLowerCase());
    function sift() {
      for (const entry of list.children) entry.hidden = !fits(entry);
    }
    place.append(el('div', { className: 'tools' }, filter, button('Clear', () => call('DELETE', name))), list, nothing);

    return async (overview) => {
      // The simulator was started anew, and counts from 1 again.
      if (overview[last] < newest) {
        newest = 0;
        list.replaceChildren();
      }
      const { items } = await call('GET', `${name}?after=${newest}`);
      for (const item of items) {
        newest = item.number;
        const entry = el('li', {}, el('details', {}, el('summary', {}, ...summary(item)), el('pre', {}, json(detail(item)))));
        entry.hidden = !fits(entry);
        list.prepend(entry);
      }
      if (items.length === 0 && list.children.length > 0) {
        // What was cleared, here or by a test, goes here too.
        const { items: all } = await call('GET', name);
        if (all.length === 0) list.replaceChildren();
      }
      while (list.children.length > 1000) list.lastChild.remove();
      nothing.hidden = list.children.length > 0;
    };
  }
  return { name, title, show, inMock, count: (overview) => overview[last] };
}

const span = (className, text) => el('span', { className, title: text }, text);

const requests = log({
  name: 'requests', title: 'Requests', last: 'last_request', inMock: true, detail: readable,
  empty: 'No request has come yet. Requests to the operations are listed here, not those to /_simulator/.',
  summary: ({ number, time, method, path, query, status }) => [
    span('number', number), span('time', clock(time)), span('method', method),
    span('long', path + (query.length ? `?${query.map((pair) => pair.join('=')).join('&')}` : '')),
    span(verdict(status), status),
  ],
});

/** A body that is JSON as such, every other one as a text. */
function readable(request) {
  try {
    return { ...request, body: JSON.parse(request.body) };
  } catch {
    return request;
  }
}

const events = log({
  name: 'events', title: 'Events', last: 'last_event', inMock: false,
  empty: 'Nothing has happened yet that wazo-auth would publish on the bus: no session, refresh token, tenant or external data has changed.',
  summary: ({ number, headers, body }) => [
    span('number', number), span('time', clock(headers.timestamp)), span('name', headers.name),
    span('long about', Object.entries(body.data).map(([key, value]) => `${key}=${value}`).join(' ')),
  ],
});

/** How long from now until then, in words. */
function remaining(seconds) {
  if (Number.isNaN(seconds)) return 'never';
  if (seconds <= 0) return 'expired';
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** When a token expires, in seconds since 1970; NaN: never. Those of the mock have a text in UTC, or nothing. */
function expiry(token) {
  if (token.expires_at !== undefined) return token.expires_at;
  const text = String(token.utc_expires_at || '').replace(' ', 'T').replace(/(Z|\+00:00)$/, '');
  return Date.parse(`${text}Z`) / 1000;
}

/** A table that is written anew only where its data have changed; the focus stays on the same row's button. */
function rewritten(body, rows, key, make) {
  const text = JSON.stringify(rows);
  if (body.dataset.text === text) return;
  body.dataset.text = text;
  const focused = document.activeElement?.closest?.('tr')?.dataset.key;
  const open = new Set([...body.querySelectorAll('tr:has(details[open])')].map((row) => row.dataset.key));
  body.replaceChildren(...rows.map((row, index) => {
    const made = make(row, index);
    made.dataset.key = key(row, index);
    if (open.has(made.dataset.key)) made.querySelector('details')?.setAttribute('open', '');
    return made;
  }));
  if (focused !== undefined && document.activeElement === document.body) {
    const again = [...body.children].find((row) => row.dataset.key === focused) || body.lastElementChild;
    again?.querySelector('button')?.focus();
  }
}

function table(headings, className = '') {
  const body = el('tbody');
  const head = el('thead', {}, el('tr', {}, ...headings.map((text) => el('th', { scope: 'col' }, text))));
  return { body, whole: el('div', { className: 'scroll' }, el('table', { className }, head, body)) };
}

const tokens = {
  name: 'tokens', title: 'Tokens', inMock: true, count: (overview) => (overview.mock ? undefined : overview.tables.tokens),
  show(place) {
    const { body, whole } = table(['Token', 'Of', 'Expires in', 'Access list', '']);
    const note = el('p', { className: 'hint' });
    place.append(note, whole);
    return async (overview) => {
      const items = overview.mock ? (await call('GET', 'mock')).tokens : (await call('GET', 'state?table=tokens')).items;
      const rows = items.slice(-MOST_ROWS).reverse().map((token) => ({
        id: token.uuid || token.token, of: token.auth_id || token.metadata?.uuid || '', acl: token.acl, expires: expiry(token),
      }));
      rewritten(body, rows, (row) => row.id, (row) => el('tr', {},
        el('td', {}, el('code', {}, row.id)),
        el('td', {}, el('code', {}, row.of)),
        el('td', { className: 'number', 'data-expires': row.expires }),
        el('td', {}, el('details', {}, el('summary', {}, `${row.acl.length} ${row.acl.length === 1 ? 'access' : 'accesses'}`),
          el('code', {}, row.acl.join(' ')))),
        el('td', {}, button('Delete', () => remove(row.id), { className: 'danger', 'aria-label': `Delete token ${row.id}` }))));
      for (const cell of body.querySelectorAll('[data-expires]')) {
        cell.textContent = remaining(cell.dataset.expires - overview.now);
      }
      note.textContent = items.length === 0 ? 'There is no token. A login makes one.'
        : `${items.length} ${items.length === 1 ? 'token' : 'tokens'}, the newest first${items.length > MOST_ROWS ? `; ${MOST_ROWS} are shown` : ''}.`;
      whole.hidden = items.length === 0;

      function remove(id) {
        return call('DELETE', overview.mock ? `/_remove_token/${encodeURIComponent(id)}` : `tokens/${encodeURIComponent(id)}`);
      }
    };
  },
};

const state = {
  name: 'state', title: 'State', inMock: true,
  show(place) {
    let chosen = null;
    const choice = el('div', { className: 'tools', role: 'group', 'aria-label': 'Tables' });
    const list = el('ol', { className: 'log rows' });
    const note = el('p', { className: 'hint' });
    place.append(choice, note, list);
    return async (overview) => {
      const mock = overview.mock ? await call('GET', 'mock') : null;
      const size = (value) => (Array.isArray(value) ? value.length : Object.keys(value).length);
      const counts = mock ? Object.fromEntries(Object.entries(mock).map(([name, rows]) => [name, size(rows)])) : overview.tables;
      chosen ??= Object.keys(counts)[mock ? 4 : 1];
      const names = Object.keys(counts);
      if (choice.children.length !== names.length) {
        choice.replaceChildren(...names.map((name) => button('', () => { chosen = name; }, { 'data-name': name })));
      }
      for (const one of choice.children) {
        one.textContent = `${one.dataset.name} ${counts[one.dataset.name]}`;
        one.setAttribute('aria-pressed', one.dataset.name === chosen);
      }
      const rows = mock ? mock[chosen] : (await call('GET', `state?table=${chosen}`)).items;
      const pairs = Array.isArray(rows) ? rows.map((row, index) => [row.uuid || row.token || row.tenant_uuid || String(index), row])
        : Object.entries(rows);
      const title = (row) => row.name || row.username || row.slug || row.subject || row.auth_id || row.user_uuid || row.type || '';
      rewritten(list, pairs.slice(0, MOST_ROWS), ([key], index) => `${key} ${index}`, ([key, row]) => el('li', {}, el('details', {},
        el('summary', {}, span('long', key), span('long', title(row))), el('pre', {}, json(row)))));
      note.textContent = pairs.length === 0 ? `There are no ${chosen}.`
        : pairs.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${pairs.length} are shown.` : '';
    };
  },
};

// Each kind of fault with its own keys, and an example of their values.
const KINDS = {
  delay: { ms: 500 }, drip: { ms: 20, at: 'body' }, reset: { at: 'answer' }, close: { at: 'answer' }, wrong_length: { by: -3 },
  bad_json: {}, bad_utf8: {}, huge_body: { bytes: 1000000 }, bad_gateway: { status: 502 },
  redirect: { url: 'http://localhost:1/', status: 302 }, stall_tls: {}, idle_close: { ms: 1000 },
};
const ON_CONNECTIONS = ['stall_tls', 'idle_close'];

const faults = {
  name: 'faults', title: 'Faults', inMock: true,
  show(place) {
    const { body, whole } = table(['Fault', 'How', 'When', 'Hits', '']);
    const none = el('p', { className: 'hint' }, 'No fault is set: every request gets its answer.');
    const kind = el('select', { name: 'fault', onchange: fields }, ...Object.keys(KINDS).map((name) => el('option', {}, name)));
    const form = el('form', { className: 'fault', onsubmit: order });
    place.append(el('h2', {}, 'Add a fault'), form, el('h2', {}, 'Faults that are set'), none, whole,
      el('div', { className: 'tools' }, button('Clear all', () => call('DELETE', 'faults'), { className: 'danger' })));
    fields();

    function field(name, value, hint) {
      const { type = 'text', ...rest } = typeof value === 'number' ? { type: 'number', step: 'any' } : {};
      return el('label', {}, name, el('input', { type, name, value: value ?? '', placeholder: hint || '', ...rest }));
    }
    function fields() {
      const when = ON_CONNECTIONS.includes(kind.value) ? [] : [field('method', null, 'any'), field('path', null, 'any, such as /0.1/token*')];
      form.replaceChildren(el('label', {}, 'fault', kind), ...Object.entries(KINDS[kind.value]).map(([name, value]) => field(name, value)),
        ...when, field('times', null, 'always'), field('probability', null, '1'), el('button', { className: 'primary' }, 'Add'));
    }
    function order(event) {
      event.preventDefault();
      const fault = { fault: kind.value };
      for (const input of form.querySelectorAll('input')) {
        const isNumber = input.type === 'number' || ['times', 'probability'].includes(input.name);
        if (input.value !== '') fault[input.name] = isNumber && !Number.isNaN(Number(input.value)) ? Number(input.value) : input.value;
      }
      attempt(async () => call('PUT', 'faults', [...(await call('GET', 'faults')).faults, fault]));
    }

    return async () => {
      const { faults: set } = await call('GET', 'faults');
      const words = (fault, names) => names.filter((name) => name in fault).map((name) => `${name}=${fault[name]}`).join(' ');
      rewritten(body, set, (fault, index) => String(index), (fault, index) => el('tr', {},
        el('td', {}, el('code', {}, fault.fault)),
        el('td', {}, el('code', {}, words(fault, Object.keys(KINDS[fault.fault] || {})))),
        el('td', {}, el('code', {}, words(fault, ['method', 'path', 'times', 'probability']) || 'every request')),
        el('td', { className: 'number' }, fault.hits),
        el('td', {}, button('Remove', () => call('PUT', 'faults', set.filter((_, other) => other !== index)),
          { 'aria-label': `Remove fault ${fault.fault}` }))));
      none.hidden = set.length > 0;
      whole.hidden = set.length === 0;
    };
  },
};

const settings = {
  name: 'settings', title: 'Settings', inMock: false,
  show(place) {
    const { body, whole } = table(['Setting', 'Value (JSON)', ''], 'settings');
    place.append(el('p', { className: 'hint' }, 'What is set here is forgotten when the simulator stops; --settings sets it at each start.'), whole);
    const set = (name, value) => call('PUT', 'settings', { [name]: value });
    return async () => {
      const rows = Object.entries(await call('GET', 'settings'));
      // What a person is writing is not overwritten.
      if (body.querySelector('[data-dirty]')) return;
      rewritten(body, rows, ([name]) => name, ([name, value]) => {
        if (typeof value === 'boolean') {
          const box = el('input', { type: 'checkbox', checked: value, id: name, onchange: () => attempt(() => set(name, box.checked)) });
          return el('tr', {}, el('td', {}, el('label', { htmlFor: name }, el('code', {}, name))), el('td', {}, box), el('td'));
        }
        const written = JSON.stringify(value);
        const area = el('textarea', { id: name, value: written, rows: Math.min(6, Math.ceil(written.length / 90)), oninput: mark });
        const save = button('Save', async () => {
          let wanted;
          try {
            wanted = JSON.parse(area.value);
          } catch (error) {
            throw new Error(`${name}: expected JSON, such as ${written}; ${error.message}`);
          }
          await set(name, wanted);
          delete area.dataset.dirty;
          save.hidden = true;
        }, { hidden: true, className: 'primary', 'aria-label': `Save ${name}` });
        function mark() {
          save.hidden = area.value === written;
          if (save.hidden) delete area.dataset.dirty;
          else area.dataset.dirty = '';
        }
        return el('tr', {}, el('td', {}, el('label', { htmlFor: name }, el('code', {}, name))), el('td', {}, area), el('td', {}, save));
      });
    };
  },
};

export const views = [requests, events, tokens, state, faults, settings];
