import { existsSync } from 'node:fs';
import { installPackage } from '../testing/install-package.ts';
import { CHROMIUM } from '../testing/own-browser.ts';

/** A bare Debian has no browser: gets it as it gets Redis, or says before the first test how to. */
export async function setup(): Promise<void> {
  if (existsSync(CHROMIUM)) return;
  if (process.getuid?.() !== 0)
    throw new Error(
      `${CHROMIUM} is missing: install the package chromium, or name a browser in CHROMIUM_PATH`,
    );
  console.log('No chromium here: installing the package by apt-get.');
  await installPackage('chromium', { env: process.env });
}
