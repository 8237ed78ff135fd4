import { mkdirSync } from 'node:fs';
import type { BrowserContextOptions } from 'playwright-core';
import { fillHistory, openScene, type Scene } from '../test/board/scene.ts';
import { eventually } from '../testing/eventually.ts';
import { startBrowser } from '../testing/own-browser.ts';

/**
 * Takes pictures of every screen, light, dark and on a phone, to be looked at: `npm run pictures -- <folder>`. Those of the README
 * are made by it as well, as `now` and `message` in docs/images.
 */
const folder = process.argv[2] ?? 'pictures';

const SCREENS: readonly [name: string, path: string][] = [
  ['now', ''],
  ['channel', '/channels/kongregate'],
  ['channel-paused', '/channels/discourse'],
  ['message-dead', '/messages/lost-welcome'],
  ['message-waits', '/messages/later-1'],
  ['player', '/channels/kongregate/player?to=%7B%22userId%22%3A31%7D'],
  ['dead-letters', '/dead-letters'],
  ['dead-replay', '/dead-letters/replay?channel=kongregate'],
  ['dead-purge', '/dead-letters/purge?channel=kongregate'],
  ['campaigns', '/campaigns'],
  ['campaign', '/campaigns/discourse/spring'],
  ['audit', '/audit'],
  ['search', '/search?q=31'],
  ['not-found', '/nowhere'],
];

const WIDE = { width: 1180, height: 640 };
const MODES: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: WIDE, colorScheme: 'light' },
  dark: { viewport: WIDE, colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
};

/** What makes a picture livelier than a test needs. @returns the id of a replay that goes on */
async function enliven(scene: Scene): Promise<string> {
  const { producer, backend } = scene;
  await fillHistory(scene, 'zulip', 120);
  await fillHistory(scene, 'usercom', 45, 24);
  const posts = Array.from({ length: 70 }, (_, i) => ({
    ...{
      platform: 'zulip',
      to: { emails: [`player${i}@example.com`] },
      content: `News ${i}`,
      id: `news-${i}`,
    },
  }));
  await producer.sendMany(posts);
  await producer.send({ platform: 'usercom', to: { userId: 8 }, content: 'Your order', id: 'order-8' });
  await eventually(
    'the account that is refused',
    () => backend.admin.status({ channels: ['usercom', 'zulip'] }),
    (statuses) => statuses.some(({ stopped }) => stopped?.reason === 'credentials'),
  );
  const scope = { channels: ['zulip'], reasons: [], since: null, until: await backend.now() };
  return await backend.replays.start({
    scope,
    perSecond: 0.2,
    by: { via: 'board', name: 'anna' },
    letters: 7,
  });
}

const scene = await openScene({
  more: { zulip: {}, usercom: { apiKey: 'revoked' } },
  note: 'spring release',
});
const browser = await startBrowser();
mkdirSync(folder, { recursive: true });
try {
  const replay = await enliven(scene);
  for (const [mode, options] of Object.entries(MODES)) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(await scene.link('operate'));
    await page.screenshot({ path: `${folder}/${mode}-sign-in.png` });
    await page.getByRole('button', { name: 'Sign in' }).click();
    for (const [name, path] of [...SCREENS, ['replay', `/replays/${replay}`] as const]) {
      await page.goto(`${scene.board.url}/board${path}`);
      await page.screenshot({ path: `${folder}/${mode}-${name}.png`, fullPage: true });
    }
    await context.close();
  }
} finally {
  await browser.close();
  await scene.closeAll();
}
