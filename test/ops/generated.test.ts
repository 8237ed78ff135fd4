import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../ops/files.ts';

const url = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const files = generatedFiles();

describe('the files for Prometheus and Grafana', () => {
  it.each(Object.entries(files))(
    '%s is as its source makes it: run `npm run ops` after a change',
    (path, text) => {
      expect(existsSync(url(path)) && readFileSync(url(path), 'utf8')).toBe(text);
    },
  );

  it('hold nothing that is no longer generated', () => {
    const folders = ['ops/kubernetes', 'ops/prometheus/rules', 'ops/prometheus/tests'];
    const there = folders.flatMap((folder) => readdirSync(url(folder)).map((file) => `${folder}/${file}`));
    expect(there.filter((path) => files[path] === undefined)).toEqual([]);
  });
});

it('lead to the runbooks at another address, when told one', () => {
  const { 'ops/prometheus/rules/alerts.yml': alerts } = generatedFiles({
    runbooks: 'https://wiki.example.com',
  });
  expect(alerts).toContain('runbook_url: https://wiki.example.com/HeraldNoWorkers.md\n');
});
