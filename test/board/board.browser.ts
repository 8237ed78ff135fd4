import axeSource from 'axe-core';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BoardRole } from '../../src/admin/board-access.ts';
import { eventually } from '../../testing/eventually.ts';
import { startBrowser } from '../../testing/own-browser.ts';
import {
  DEAD_LETTERS,
  fillHostile,
  HOSTILE,
  openScene,
  QUICK,
  type Scene,
  STOPPED,
  WEBHOOK,
} from './scene.ts';

let scene: Scene;
let browser: Browser;
const contexts: BrowserContext[] = [];
/** Whatever a page complained of: violations of the security policy and errors of scripts are among it. */
const complaints: string[] = [];

beforeAll(async () => {
  [scene, browser] = await Promise.all([openScene(), startBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await scene?.closeAll();
});

afterEach(async () => {
  await Promise.all(contexts.splice(0).map(leave));
  expect(complaints.splice(0)).toEqual([]);
  expect(scene.log()).not.toContain('"level":"error"');
});

/**
 * Chromium may lose the close of a page that is changing to another one, and the close then waits for ever
 * (microsoft/playwright#42366): each page is brought to rest first. The change under way may interrupt the first attempt.
 */
async function leave(context: BrowserContext): Promise<void> {
  for (const page of context.pages()) {
    const rest = () => page.goto('about:blank');
    await rest().catch(rest);
  }
  await context.close();
}

interface Visitor {
  /** One that signs in; made for the role when absent. */
  link?: string;
  role?: BoardRole;
  channels?: readonly string[];
  options?: Parameters<Browser['newContext']>[0];
}

async function open({ role = 'operate', channels, options, link }: Visitor = {}): Promise<Page> {
  const context = await browser.newContext(options);
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('console', (message) => {
    // That a screen was answered with 4xx is for the test to judge; what a screen loads must be there.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('response', (response) => {
    if (response.status() >= 400 && response.request().resourceType() !== 'document')
      complaints.push(`${response.status()} ${response.url()}`);
  });
  page.on('pageerror', (error) => void complaints.push(error.message));
  await page.goto(link ?? (await scene.link(role, channels)));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${scene.board.url}/board`);
  return page;
}

const go = (page: Page, path: string) => page.goto(`${scene.board.url}/board${path}`);
const textOf = async (page: Page): Promise<string> => (await page.locator('main').textContent()) ?? '';
const press = (page: Page, name: string | RegExp) =>
  page.locator('main').getByRole('button', { name }).click();

const SCREENS = [
  '',
  `/channels/${QUICK}`,
  `/channels/${STOPPED}`,
  '/messages/lost-welcome',
  '/messages/hello-1',
  '/messages/later-1',
  `/channels/${QUICK}/player?to=${encodeURIComponent('{"userId":31}')}`,
  '/dead-letters',
  `/dead-letters?channel=${QUICK}&detail=Unknown+user%3A+moved`,
  '/dead-letters/replay',
  `/dead-letters/purge?channel=${QUICK}`,
  '/campaigns',
  `/campaigns/${STOPPED}/spring`,
  '/audit',
  '/search?q=31',
  '/nowhere',
];

describe('an operator', () => {
  it('finds out why a message was not delivered', async () => {
    const page = await open();
    await page.getByRole('searchbox').fill('lost-welcome');
    await page.keyboard.press('Enter');
    await page.waitForURL(/messages\/lost-welcome/);
    const text = await textOf(page);
    expect(text).toContain('dead: bad recipient');
    expect(text).toContain('the platform refuses its recipient (bad_recipient): Unknown user.');
    expect(text).toContain('It was enqueued');
    expect(text).toContain('The platform does not know the recipient');
  });

  it('sees what a message that waits will say', async () => {
    const page = await open();
    await go(page, '/messages/later-1');
    expect(await page.locator('pre').textContent()).toBe('Later');
    expect(await textOf(page)).toContain('As the platform gets it, 5 characters.');
    expect(await page.locator('.state').textContent()).toBe('waits');
  });

  it('sees an endpoint of webhooks that misses receipts', async () => {
    const page = await open();
    await page.getByRole('link', { name: `See the webhooks: ${WEBHOOK}` }).click();
    const row = page.getByRole('row', { name: WEBHOOK });
    expect((await row.getByRole('cell').allTextContents()).map((text) => text.trim())).toEqual([
      ...['not served', QUICK, expect.stringMatching(/^\d+ for /), '', expect.stringMatching(/^3 last 1 h/)],
    ]);
  });

  it('pauses a campaign and resumes it', async () => {
    const page = await open();
    await go(page, '/campaigns');
    await page.getByRole('link', { name: 'spring' }).click();
    await press(page, 'Pause');
    expect(await textOf(page)).toContain('Paused. What is in flight completes, and what was granted before');
    expect((await scene.backend.admin.campaigns.show('spring'))[0]?.state).toBe('paused');
    await press(page, 'Resume');
    expect(await textOf(page)).toContain('Resumed. Workers continue within seconds.');
    expect((await scene.backend.admin.campaigns.show('spring'))[0]?.state).toBe('running');
  });

  it('cancels a campaign only once its number is typed', async () => {
    const page = await open();
    await go(page, `/campaigns/${STOPPED}/spring`);
    await page.getByText('Cancel the campaign…').click();
    const typed = page.getByRole('textbox', { name: /Type 30/ });
    await typed.fill('29');
    // The browser itself refuses it; a client that does not is refused by the board.
    await typed.evaluate((input) => input.removeAttribute('pattern'));
    await press(page, 'Cancel the campaign');
    expect(await textOf(page)).toContain('Nothing was changed');
    expect((await scene.backend.admin.campaigns.show('spring'))[0]?.state).toBe('running');
  });

  it('resumes a channel, and its messages are sent', async () => {
    const page = await open();
    expect(await textOf(page)).toContain('An operator paused it');
    await page.getByRole('link', { name: `Open the channel: ${STOPPED}` }).click();
    await press(page, 'Resume');
    expect(await textOf(page)).toContain('Resumed. Workers continue within seconds.');
    await eventually(
      'the campaign to be through',
      () => scene.backend.admin.campaigns.show('spring'),
      ([campaign]) => campaign?.state === 'done',
    );
    const { acts } = await scene.backend.admin.acts();
    expect(acts[0]).toMatchObject({ action: 'channel.resume', actor: { via: 'board', name: 'anna' } });
  });

  it('goes from a message to its recipient, and to its campaign and back', async () => {
    const page = await open();
    await go(page, '/messages/hello-1');
    await page.getByRole('link', { name: 'userId 31' }).click();
    expect(await textOf(page)).toContain('a recipient of kongregate');
    await page.getByRole('link', { name: 'hello-1' }).first().click();
    await page.waitForURL(/messages\/hello-1/);
    const [sent] = (await scene.receipts(STOPPED)).filter(({ campaign }) => campaign === 'spring');
    await go(page, `/messages/${sent!.id}`);
    await page.getByRole('link', { name: 'spring', exact: true }).click();
    await page.waitForURL(/campaigns\/discourse\/spring/);
  });

  it('goes from a campaign to its dead letters', async () => {
    const { producer, backend } = scene;
    const to = { userId: 9_990 };
    await producer.campaign({ id: 'doomed', platform: 'kongregate', content: 'Hello' }, [{ to }]);
    await eventually(
      'its end',
      () => backend.admin.campaigns.show('doomed'),
      ([campaign]) => campaign?.state === 'done',
    );
    const page = await open();
    await go(page, `/campaigns/${QUICK}/doomed`);
    await page.getByRole('link', { name: 'its dead letters' }).click();
    await page.waitForURL(/dead-letters\?channel=kongregate&reason=bad_recipient&campaign=doomed/);
    expect(await textOf(page)).toContain('1 dead letter of kongregate, of campaign doomed, with reason');
    const [letter] = (await scene.receipts(QUICK)).filter(({ campaign }) => campaign === 'doomed');
    await backend.admin.deadLetters.purge({ ids: [letter!.id] });
  });

  it('purges the dead letters of one error text alone, once their number is typed', async () => {
    // One of another text stays, for the screens that are looked at below.
    for (const [i, text] of ['renamed', 'moved'].entries()) {
      const userId = 52 + i * 10;
      const body = JSON.stringify({ success: false, errors: [`Unknown user: ${text}`] });
      scene.sandbox.faults.add({ kind: 'answer', body, recipients: [String(userId)] });
      await scene.producer.send({ platform: 'kongregate', to: { userId }, content: 'Hello', id: text });
    }
    await eventually(
      'their dead letters',
      () => scene.backend.admin.deadLetters.plan({}, 'purge'),
      ({ letters }) => letters === DEAD_LETTERS + 2,
    );
    const page = await open();
    await go(page, '/dead-letters');
    await page
      .getByRole('link', { name: /Unknown user: renamed/ })
      .first()
      .click();
    expect(await textOf(page)).toMatch(
      /1 dead letter of kongregate, with reason .*, killed by “.*renamed.*”/,
    );
    await page.getByRole('link', { name: 'Purge…', exact: true }).click();
    await page.getByRole('textbox', { name: /Type 1/ }).fill('1');
    await press(page, 'Purge 1 dead letter');
    expect(await textOf(page)).toContain('Purged 1 dead letter.');
    const plan = await scene.backend.admin.deadLetters.plan({}, 'purge');
    expect(plan.letters).toBe(DEAD_LETTERS + 1);
    const { acts } = await scene.backend.admin.acts();
    expect(acts[0]).toMatchObject({
      ...{ action: 'dead.purge', count: 1, outcome: 'done' },
      filter: { detail: expect.stringContaining('renamed') },
    });
  });

  it('replays 200 dead letters of one error text after a dry run, and watches it', async () => {
    const page = await open();
    await go(page, '/dead-letters');
    await page.getByRole('link', { name: /Replay… 200 .*Unknown user/ }).click();
    expect(await textOf(page)).toContain(`Replay ${DEAD_LETTERS} dead letters`);
    expect(await page.getByRole('row', { name: /are sent/ }).textContent()).toContain(String(DEAD_LETTERS));
    scene.sandbox.kongregate.players.set(
      ...Array.from({ length: DEAD_LETTERS }, (_, i) => ({
        userId: (i + 100) * 10,
        state: 'played' as const,
      })),
    );
    await page.getByLabel('Letters a second').fill('400');
    await press(page, `Replay ${DEAD_LETTERS} dead letters`);
    await page.waitForURL(/replays\//);
    await page.getByText(`${DEAD_LETTERS} of ${DEAD_LETTERS}`).waitFor();
    await page.getByText('done', { exact: true }).waitFor();
    const delivered = await eventually(
      'the deliveries',
      () => scene.receipts(QUICK),
      (receipts) =>
        receipts.filter(({ run, state }) => run === 2 && state === 'delivered').length === DEAD_LETTERS,
    );
    expect(delivered.some(({ id, run }) => id === 'lost-welcome' && run === 2)).toBe(true);
  });
});

describe('a reader', () => {
  it('sees everything and changes nothing', async () => {
    const page = await open({ role: 'read' });
    for (const path of SCREENS) {
      await go(page, path);
      expect(await page.locator('main').getByRole('button').allInnerTexts(), path).toEqual(
        /^\/dead-letters(?:\?|$)/.test(path) ? ['Filter'] : [],
      );
    }
    const csrf = await page.locator('input[name=csrf]').first().inputValue();
    const answer = await page.request.post(`${scene.board.url}/board/channels/${QUICK}/pause`, {
      form: { csrf },
    });
    expect(answer.status()).toBe(403);
    const [status] = await scene.backend.admin.status({ channels: [QUICK] });
    expect(status?.stopped).toBeNull();
  });

  it('does not see what messages say', async () => {
    const page = await open({ role: 'read' });
    for (const id of ['later-1', 'moved']) {
      await go(page, `/messages/${id}`);
      const text = await textOf(page);
      expect(text, id).toContain('What it says is shown to those who operate, and not to those who read.');
      expect(text, id).not.toMatch(/Later|Hello/);
    }
  });

  it('of one channel knows of no other', async () => {
    const page = await open({ role: 'read', channels: [STOPPED] });
    for (const path of ['', '/dead-letters', '/campaigns', '/audit', '/search?q=lost-welcome']) {
      await go(page, path);
      expect(await textOf(page), path).not.toContain(QUICK);
      expect(await textOf(page), path).not.toContain(WEBHOOK);
    }
    for (const path of [`/channels/${QUICK}`, '/messages/lost-welcome', `/dead-letters?channel=${QUICK}`])
      expect((await go(page, path))?.status(), path).toBe(404);
  });
});

/** Colours are all that differs in the dark. */
const RULES = {
  light: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  dark: ['color-contrast'],
};

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it('every screen is accessible', async () => {
    const page = await open({ options: { colorScheme, viewport: { width: 1280, height: 900 } } });
    const found: string[] = [];
    for (const path of SCREENS) {
      await go(page, path);
      found.push(...(await violations(page, path, colorScheme)));
      const untold = await page.locator('time:not([title])').allInnerTexts();
      found.push(...untold.map((text) => `${path} does not tell the instant of ${text}`));
    }
    await page.goto(`${scene.board.url}/board/sign-in`);
    found.push(...(await violations(page, 'sign-in', colorScheme)));
    expect(found).toEqual([]);
  });
});

async function violations(page: Page, path: string, colours: keyof typeof RULES): Promise<string[]> {
  // Evaluated by the browser's own protocol, which the page's policy does not concern.
  await page.evaluate(axeSource.source);
  const results = await page.evaluate(async (runOnly) => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations, passes } = await axe.run({ runOnly });
    if (passes.length === 0) return ['axe looked at nothing'];
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
  }, RULES[colours]);
  return results.map((text) => `${path} ${text}`);
}

describe('the board', () => {
  it('is drawn anew by itself, until that is paused', async () => {
    const page = await open();
    const row = page.getByRole('row', { name: QUICK });
    await row.getByText('delivering').waitFor();
    await scene.backend.admin.channels.pause(QUICK);
    await row.getByText('paused').waitFor();
    await page.getByRole('button', { name: 'Pause updates' }).click();
    await scene.backend.admin.channels.resume(QUICK);
    await page.goto(`${scene.board.url}/board`);
    await row.getByText('delivering').waitFor();
    expect(await page.evaluate('document.documentElement.dataset.updates')).toBe('paused');
    await page.getByRole('button', { name: 'Pause updates' }).click();
    expect(await page.evaluate('document.documentElement.dataset.updates')).toBe('running');
  });

  it('says so where it is drawn no more, and goes on once it is', async () => {
    const page = await open();
    const stale = page.getByText('Not up to date');
    expect(await stale.isVisible()).toBe(false);
    const isStream = (route: Route): boolean => route.request().headers()['accept'] === 'text/event-stream';
    await page.route(/board$/, (route) =>
      isStream(route) ? route.fulfill({ status: 204 }) : route.fallback(),
    );
    await page.reload();
    await stale.waitFor();
    await page.unrouteAll();
    await stale.waitFor({ state: 'hidden' });
    await scene.backend.admin.channels.pause(QUICK);
    await page.getByRole('row', { name: QUICK }).getByText('paused').waitFor();
    await scene.backend.admin.channels.resume(QUICK);
  });

  it('keeps the focus where it is when it is drawn anew', async () => {
    const page = await open();
    await page.getByRole('link', { name: QUICK, exact: true }).first().focus();
    await page.evaluate(`document.querySelector('#live > *').setAttribute('data-old', '')`);
    await page.locator('[data-old]').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe(QUICK);
  });

  it('is reached by the keyboard, past its head', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
  });

  it('works without JavaScript', async () => {
    const page = await open({ options: { javaScriptEnabled: false } });
    await go(page, `/channels/${STOPPED}`);
    await press(page, 'Pause');
    expect(await textOf(page)).toContain('Paused.');
    await press(page, 'Resume');
    expect(await textOf(page)).toContain('Resumed.');
    expect(await page.getByRole('button', { name: 'Pause updates' }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/sign-in/);
  });

  it('fits a screen of 320 pixels', async () => {
    const page = await open({ options: { viewport: { width: 320, height: 640 } } });
    for (const path of SCREENS) {
      await go(page, path);
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(320);
    }
  });
});

/** After all others: it fills what they count. */
describe('hostile markup', () => {
  it('shows as text on every screen', async () => {
    const { replay, link } = await fillHostile(scene);
    const page = await open({ link });
    const shows = [
      ...['', `/channels/${QUICK}`, `/channels/${encodeURIComponent(HOSTILE)}`],
      ...[`/messages/${encodeURIComponent(HOSTILE)}`, '/messages/refused', '/messages/hello-1'],
      '/messages/hostile-later',
      `/channels/${QUICK}/player?to=${encodeURIComponent('{"userId":31}')}`,
      ...['/dead-letters', '/campaigns', `/replays/${replay}`, '/audit'],
      ...['replay', 'purge'].map((order) => `/dead-letters/${order}?channel=${encodeURIComponent(HOSTILE)}`),
      `/search?q=${encodeURIComponent(`x${HOSTILE}`)}`,
    ];
    for (const path of [...new Set([...shows, ...SCREENS])]) {
      await go(page, path);
      for (const summary of await page.locator('summary').all()) await summary.click();
      const seen = await page.evaluate(`({
        hacked: 'hacked' in window,
        elements: document.querySelectorAll('img, script:not([src*="/board/assets/"]), [onerror]').length,
      })`);
      expect(seen, path).toEqual({ hacked: false, elements: 0 });
      expect(await page.locator('header').textContent(), path).toContain(HOSTILE);
      if (shows.includes(path))
        expect(await textOf(page), path).toContain('<script>window.hacked=1</script>');
    }
  });
});
