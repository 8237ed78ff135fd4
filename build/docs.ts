import { writeFileSync } from 'node:fs';
import { PAGES, pageUrl, renderPage } from './docs/pages.ts';

/** Writes the generated parts of docs/. */
for (const page of PAGES) writeFileSync(pageUrl(page), renderPage(page));
