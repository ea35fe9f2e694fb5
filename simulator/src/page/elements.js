// What the page and its views are made of: elements, calls of the simulator, and what a person asks for.

/** An element with properties and children: el('button', {type: 'button'}, 'Clear'). */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Calls a route of the simulator; gives its JSON, or throws an error with what the simulator said. */
export async function call(method, route, body) {
  const answer = await fetch(route, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  if (answer.ok) return text ? JSON.parse(text) : null;
  let said = text;
  try {
    said = JSON.parse(text).message;
  } catch {
    // Not JSON: as it is.
  }
  throw new Error(said || `${method} ${route}: status ${answer.status}`);
}

let afterAttempt = async () => {};

/** Sets what is done after each attempt: it gets the error, or undefined. */
export function onAttempt(then) {
  afterAttempt = then;
}

/** Does something that a person has asked for; the page shows its error, and looks for news at once. */
export async function attempt(work) {
  let failure;
  try {
    await work();
  } catch (error) {
    failure = error;
  }
  await afterAttempt(failure);
}
