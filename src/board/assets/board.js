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

/** How soon a stream that ended is asked for again: at first, and where that was in vain. Milliseconds. */
const AGAIN_MS = 1_000;
const LATER_MS = 5_000;

if (live && button) {
  const KEY = 'herald-paused';
  const stale = document.getElementById('stale');
  let events;
  let again;
  let failures = 0;
  const isPaused = () => sessionStorage.getItem(KEY) === 'yes';
  /** A browser gives up a stream that is answered otherwise once, as while Redis is away: the screen would stay as it was. */
  const onError = ({ target }) => {
    target.close();
    failures += 1;
    stale.hidden = failures < 2;
    again = setTimeout(show, failures < 2 ? AGAIN_MS : LATER_MS);
  };
  const onScreen = ({ data }) => {
    failures = 0;
    stale.hidden = true;
    draw(data);
  };
  function watch() {
    const source = new EventSource(location.href);
    source.addEventListener('screen', onScreen);
    source.addEventListener('over', () => source.close());
    source.addEventListener('error', onError);
    return source;
  }
  function show() {
    const paused = isPaused();
    button.setAttribute('aria-pressed', String(paused));
    document.documentElement.dataset.updates = paused ? 'paused' : 'running';
    events?.close();
    clearTimeout(again);
    if (paused) stale.hidden = true;
    events = paused || document.hidden ? undefined : watch();
  }
  button.hidden = false;
  button.addEventListener('click', () => {
    sessionStorage.setItem(KEY, isPaused() ? 'no' : 'yes');
    show();
  });
  document.addEventListener('visibilitychange', show);
  show();
}
