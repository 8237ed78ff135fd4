import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { JOB } from '../../ops/rules/alerts/workers.ts';
import { promtool } from '../../testing/prometheus-tools.ts';

const FOLDER = fileURLToPath(new URL('../../ops/prometheus/', import.meta.url));

it('promtool accepts the configuration and its rules, which are for the job that it scrapes', () => {
  promtool('check', 'config', `${FOLDER}prometheus.yml`);
  const { scrape_configs: jobs } = parse(readFileSync(`${FOLDER}prometheus.yml`, 'utf8'));
  expect(jobs).toContainEqual(expect.objectContaining({ job_name: JOB }));
});

it('each alert fires in its case, with its annotations, and not in the other', () => {
  promtool('test', 'rules', ...readdirSync(`${FOLDER}tests`).map((file) => `${FOLDER}tests/${file}`));
});
