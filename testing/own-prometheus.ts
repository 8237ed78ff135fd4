import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { eventually } from './eventually.ts';
import { spawned, startOwnProcess } from './own-process.ts';

export interface PrometheusOptions {
  /** `host:port` by job. */
  targets: Readonly<Record<string, readonly string[]>>;
  /** What stands below `groups` in its rule files. */
  groups: readonly object[];
}

interface Sample {
  metric: Readonly<Record<string, string>>;
  value: readonly [number, string];
}

export interface FiringAlert {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  state: 'pending' | 'firing';
}

/** A Prometheus of the caller's own on the loopback, that scrapes and evaluates each second. */
export interface Prometheus {
  readonly url: string;
  /** An instant vector. @throws Error with what Prometheus says of the expression */
  query(expr: string): Promise<Sample[]>;
  alerts(): Promise<FiringAlert[]>;
  /** The rules whose last evaluation failed, and why. */
  failedRules(): Promise<string[]>;
  stop(): Promise<void>;
}

const configOf = ({ targets }: PrometheusOptions): string =>
  stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      static_configs: [{ targets: addresses }],
    })),
  });

export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { child, stop } = await startOwnProcess('prometheus', (dir) => launch(dir, options));
  const url = await listening(child);
  return { ...api(url), url, stop };
}

async function launch(dir: string, options: PrometheusOptions): Promise<ChildProcess> {
  await mkdir(join(dir, 'data'));
  await writeFile(join(dir, 'prometheus.yml'), configOf(options));
  await writeFile(join(dir, 'rules.yml'), stringify({ groups: options.groups }));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--query.lookback-delta=10s',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  return await spawned(child);
}

/** Where it listens, by its log, once it answers. */
async function listening(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-20_000);
  });
  const [, address] = await eventually(
    'Prometheus to listen',
    () => {
      if (child.exitCode !== null) throw new Error(said);
      return /msg="?Listening on"? address=(\S+)/.exec(said) ?? [];
    },
    ([found]) => found !== undefined,
  );
  const url = `http://${address}`;
  await eventually('Prometheus to be ready', async () => (await fetch(`${url}/-/ready`)).ok);
  return url;
}

function api(url: string): Pick<Prometheus, 'query' | 'alerts' | 'failedRules'> {
  async function get<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${answer.error} in ${query['query'] ?? path}`);
    return answer.data;
  }
  return {
    query: async (expr) => (await get<{ result: Sample[] }>('query', { query: expr })).result,
    alerts: async () => (await get<{ alerts: FiringAlert[] }>('alerts')).alerts,
    async failedRules() {
      type Rule = { name: string; health: string; lastError?: string };
      const { groups } = await get<{ groups: { rules: Rule[] }[] }>('rules');
      const rules = groups.flatMap((group) => group.rules);
      return rules
        .filter(({ health }) => health === 'err')
        .map(({ name, lastError }) => `${name}: ${lastError}`);
    },
  };
}
