import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { it } from 'vitest';
import { promtool } from '../../testing/prometheus-tools.ts';

const filesIn = (folder: string): string[] => {
  const path = fileURLToPath(new URL(`../../ops/prometheus/${folder}/`, import.meta.url));
  return readdirSync(path).map((file) => `${path}${file}`);
};

it('promtool accepts the rules', () => {
  promtool('check', 'rules', ...filesIn('rules'));
});

it('each alert fires in its case, with its annotations, and not in the other', () => {
  promtool('test', 'rules', ...filesIn('tests'));
});
