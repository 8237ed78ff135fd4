import { mkdirSync } from 'node:fs';
import { openScene } from '../test/board/scene.ts';
import { startBrowser } from '../testing/own-browser.ts';

/** Takes pictures of every screen, light, dark and on a phone, to be looked at: `npm run pictures -- <folder>`. */
const folder = process.argv[2] ?? 'shots';
mkdirSync(folder, { recursive: true });
const scene = await openScene();
const browser = await startBrowser();
const SCREENS: readonly [name: string, path: string][] = [
  ['now', '/board'],
  ['channel', '/board/channels/kongregate'],
  ['channel-stopped', '/board/channels/discourse'],
  ['message-dead', '/board/messages/lost-welcome'],
  ['message-waits', '/board/messages/later-1'],
  ['player', '/board/channels/kongregate/player?to=%7B%22userId%22%3A31%7D'],
  ['dead', '/board/dead-letters'],
  ['dead-replay', '/board/dead-letters/replay?channel=kongregate'],
  ['dead-purge', '/board/dead-letters/purge?channel=kongregate'],
  ['campaigns', '/board/campaigns'],
  ['campaign', '/board/campaigns/discourse/spring'],
  ['audit', '/board/audit'],
  ['search', '/board/search?q=31'],
];
try {
  for (const [mode, options] of Object.entries({
    light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
    dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
    phone: { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  } as const)) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.on('console', (message) => console.log(mode, message.text()));
    await page.goto(await scene.link('operate'));
    if (mode === 'light') await page.screenshot({ path: `${folder}/light-link.png` });
    await page.getByRole('button', { name: 'Sign in' }).click();
    for (const [name, path] of SCREENS) {
      await page.goto(`${scene.board.url}${path}`);
      await page.screenshot({ path: `${folder}/${mode}-${name}.png`, fullPage: true });
    }
    await context.close();
  }
} finally {
  await browser.close();
  await scene.closeAll();
}
console.log(scene.log());
process.exit(0);
