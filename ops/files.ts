import { channel, overview } from './dashboards/dashboards.ts';
import { manifests } from './manifests/manifests.ts';
import { alertingRules, RUNBOOKS, recordingRules, yamlFile } from './rules/rule-files.ts';
import { alertUnitTests } from './rules/unit-tests.ts';

export interface OpsOptions {
  /** Where the runbooks lie: an address, or a folder of this repository. */
  runbooks?: string;
}

const jsonFile = (content: unknown): string => `${JSON.stringify(content, null, 2)}\n`;

/** What `npm run ops` writes, by its path in the repository. */
export function generatedFiles({ runbooks = RUNBOOKS }: OpsOptions = {}): Record<string, string> {
  return {
    'ops/grafana/overview.json': jsonFile(overview(runbooks)),
    'ops/grafana/channel.json': jsonFile(channel(runbooks)),
    'ops/prometheus/rules/recording.yml': yamlFile('ops/rules', { groups: recordingRules() }),
    'ops/prometheus/rules/alerts.yml': yamlFile('ops/rules', { groups: alertingRules({ runbooks }) }),
    ...manifests(runbooks),
    ...Object.fromEntries(
      [...alertUnitTests(runbooks)].map(([minutes, tests]) => [
        `ops/prometheus/tests/alerts-by-${minutes}m.yml`,
        yamlFile('ops/rules/cases', tests),
      ]),
    ),
  };
}
