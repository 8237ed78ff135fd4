import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Act, perform } from './acts.ts';
import { watchAlerts } from './alert-log.ts';
import { checkPromise } from './outcome.ts';
import { page, stepText } from './page.ts';
import { openScene } from './scene.ts';
import { scripts } from './scripts.ts';

/** `npm run drill`: an outage, a revoked key and five hundred dead letters, as an operator meets them. */

const USAGE = 'npm run drill [-- --write <page>]';

async function main(): Promise<number> {
  const { write, help } = parseArgs({
    options: { write: { type: 'string' }, help: { type: 'boolean' } },
  }).values;
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const scene = await openScene();
  const alerts = watchAlerts(scene.prometheus);
  try {
    const acts: Act[] = [];
    for (const script of scripts) {
      console.log(`\n## ${script.title}\n`);
      acts.push(await perform(script, { scene, alerts, tell: (step) => console.log(`${stepText(step)}\n`) }));
    }
    const { text, kept } = await checkPromise(scene);
    console.log(text);
    if (write !== undefined) await writeFile(write, page(acts, alerts.firings(), text));
    return kept ? 0 : 1;
  } finally {
    alerts.stop();
    await scene.close();
  }
}

process.exitCode = await main();
