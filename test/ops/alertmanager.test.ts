import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { alertGroups } from '../../ops/rules/alerts.ts';
import { AS_SHIPPED } from '../../ops/rules/timing.ts';
import { parsePromql } from './promql.ts';

interface Inhibition {
  source_matchers: string[];
  target_matchers: string[];
  equal?: string[];
}

const { route, receivers, inhibit_rules } = parse(
  readFileSync(new URL('../../ops/prometheus/alertmanager.yml', import.meta.url), 'utf8'),
) as {
  route: { receiver: string; routes: { receiver: string }[] };
  receivers: { name: string }[];
  inhibit_rules: Inhibition[];
};
const alerts = new Map(
  alertGroups(AS_SHIPPED).flatMap(({ rules }) => rules.map((alert) => [alert.alert as string, alert])),
);

/** A matcher is written as in a selector. */
const namesOf = (matchers: readonly string[]): string[] =>
  parsePromql(`{${matchers.join(',')}}`).selectors.flatMap(({ labels }) => labels['alertname'] ?? []);

it('routes to receivers that there are', () => {
  const named = [route, ...route.routes].map(({ receiver }) => receiver);
  expect(receivers.map(({ name }) => name).sort()).toEqual(named.sort());
});

it.each(inhibit_rules)('$source_matchers keeps back alerts that there are, and no worse ones', (rule) => {
  const [[source], targets] = [namesOf(rule.source_matchers), namesOf(rule.target_matchers)];
  expect([source, ...targets].filter((name) => !alerts.has(name ?? ''))).toEqual([]);
  expect(targets).not.toContain(source);
  expect(targets.length).toBeGreaterThan(0);
  // A ticket keeps no page back.
  expect(alerts.get(source ?? '')?.severity).toBe('page');
});
