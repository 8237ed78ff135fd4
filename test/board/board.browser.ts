import axeSource from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BoardRole } from '../../src/admin/board-access.ts';
import { eventually } from '../../testing/eventually.ts';
import { startBrowser } from '../../testing/own-browser.ts';
import { DEAD_LETTERS, openScene, QUICK, type Scene, STOPPED } from './scene.ts';

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
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  expect(complaints.splice(0)).toEqual([]);
  expect(scene.log()).not.toContain('"level":"error"');
});

interface Visitor {
  role?: BoardRole;
  channels?: readonly string[];
  options?: Parameters<Browser['newContext']>[0];
}

async function open({ role = 'operate', channels, options }: Visitor = {}): Promise<Page> {
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
  await page.goto(await scene.link(role, channels));
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
  });

  it('pauses a campaign and resumes it', async () => {
    const page = await open();
    await go(page, '/campaigns');
    await page.getByRole('link', { name: 'spring' }).click();
    await press(page, 'Pause');
    expect(await textOf(page)).toContain('Paused. What is in flight completes.');
    expect((await scene.desk.admin.campaigns.show('spring'))[0]?.state).toBe('paused');
    await press(page, 'Resume');
    expect((await scene.desk.admin.campaigns.show('spring'))[0]?.state).toBe('running');
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
    expect((await scene.desk.admin.campaigns.show('spring'))[0]?.state).toBe('running');
  });

  it('resumes a channel, and its messages are sent', async () => {
    const page = await open();
    expect(await textOf(page)).toContain('An operator paused it');
    await page.getByRole('link', { name: `Open the channel: ${STOPPED}` }).click();
    await press(page, 'Resume');
    expect(await textOf(page)).toContain('Resumed. Workers continue within seconds.');
    await eventually(
      'the campaign to be through',
      () => scene.desk.admin.campaigns.show('spring'),
      ([campaign]) => campaign?.state === 'done',
    );
    const { acts } = await scene.desk.admin.acts();
    expect(acts[0]).toMatchObject({ action: 'channel.resume', actor: { via: 'board', name: 'anna' } });
  });

  it('replays 200 dead letters after a dry run, and watches it', async () => {
    const page = await open();
    await go(page, '/dead-letters');
    await page.getByRole('link', { name: 'Replay…' }).click();
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
        path === '/dead-letters' ? ['Filter'] : [],
      );
    }
    const csrf = await page.locator('input[name=csrf]').first().inputValue();
    const answer = await page.request.post(`${scene.board.url}/board/channels/${QUICK}/pause`, {
      form: { csrf },
    });
    expect(answer.status()).toBe(403);
    const [status] = await scene.desk.admin.status({ channels: [QUICK] });
    expect(status?.stopped).toBeNull();
  });

  it('of one channel knows of no other', async () => {
    const page = await open({ role: 'read', channels: [STOPPED] });
    for (const path of ['', '/dead-letters', '/campaigns', '/audit', '/search?q=lost-welcome']) {
      await go(page, path);
      expect(await textOf(page), path).not.toContain(QUICK);
    }
    for (const path of [`/channels/${QUICK}`, '/messages/lost-welcome', `/dead-letters?channel=${QUICK}`])
      expect((await go(page, path))?.status(), path).toBe(404);
  });
});

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it('every screen is accessible', async () => {
    const page = await open({ options: { colorScheme, viewport: { width: 1280, height: 900 } } });
    const found: string[] = [];
    for (const path of SCREENS) {
      await go(page, path);
      found.push(...(await violations(page, path)));
    }
    await page.goto(`${scene.board.url}/board/sign-in`);
    found.push(...(await violations(page, 'sign-in')));
    expect(found).toEqual([]);
  });
});

async function violations(page: Page, path: string): Promise<string[]> {
  // Evaluated by the browser's own protocol, which the page's policy does not concern.
  await page.evaluate(axeSource.source);
  const results = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations, passes } = await axe.run({ runOnly: tags });
    if (passes.length < 10) return ['axe looked at nothing'];
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
  });
  return results.map((text) => `${path} ${text}`);
}
