// Draws a watched screen anew as the server sends it, until the button pauses it. Without this script screens are as they were
// when they were opened, and everything works.

const live = document.getElementById('live');
const button = document.getElementById('refresh');

/** Whether the user is in the middle of something that a new drawing would take away. */
function isBusy() {
  const at = document.activeElement;
  const writes = at && live.contains(at) && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);
  const selection = document.getSelection();
  const selects = selection && !selection.isCollapsed && live.contains(selection.anchorNode);
  const typed = [...live.querySelectorAll('input:not([type=hidden])')].some(
    (input) => input.value !== input.defaultValue,
  );
  return Boolean(writes || selects || typed);
}

/** By what the same element is found in the next drawing. */
function markOf(element) {
  if (!element || !live.contains(element)) return undefined;
  const href = element.getAttribute('href');
  const selector = href === null ? element.tagName : `[href="${CSS.escape(href)}"]`;
  return { selector, at: [...live.querySelectorAll(selector)].indexOf(element) };
}

/** Replaces the screen, and keeps what is open and what has the focus. */
function draw(markup) {
  if (isBusy()) return;
  const open = [...live.querySelectorAll('details')].map((details) => details.open);
  const focus = markOf(document.activeElement);
  live.replaceChildren(...new DOMParser().parseFromString(markup, 'text/html').body.childNodes);
  for (const [i, details] of [...live.querySelectorAll('details')].entries())
    details.open ||= open[i] === true;
  if (focus) live.querySelectorAll(focus.selector)[focus.at]?.focus({ preventScroll: true });
}

function watch() {
  const events = new EventSource(location.href);
  events.addEventListener('screen', ({ data }) => draw(data));
  return events;
}

if (live && button) {
  const KEY = 'herald-paused';
  let events;
  const isPaused = () => sessionStorage.getItem(KEY) === 'yes';
  const show = () => {
    const paused = isPaused();
    button.setAttribute('aria-pressed', String(paused));
    document.documentElement.dataset.updates = paused ? 'paused' : 'running';
    events?.close();
    events = paused || document.hidden ? undefined : watch();
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    sessionStorage.setItem(KEY, isPaused() ? 'no' : 'yes');
    show();
  });
  document.addEventListener('visibilitychange', show);
  show();
}
