import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generatedFiles } from './files.ts';
import { RUNBOOKS } from './rules/rule-files.ts';

/** `npm run ops`; with `-- --runbooks https://…` the alerts and dashboards lead to the pages there. */
const { values } = parseArgs({ options: { runbooks: { type: 'string', default: RUNBOOKS } } });

for (const [path, text] of Object.entries(generatedFiles(values)))
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
