import { readFileSync } from 'node:fs';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import {
  PrometheusRule,
  ServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Service, ServiceAccount } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { generatedFiles } from '../../ops/files.ts';
import { exporterDeployment, exporterService } from '../../ops/manifests/exporter.ts';
import { exporterMonitor, serviceMonitor } from '../../ops/manifests/monitoring.ts';
import { scaledObject } from '../../ops/manifests/scaling.ts';
import { budget, config, deployment, service } from '../../ops/manifests/worker.ts';
import { JOB } from '../../ops/rules/alerts/workers.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { GAUGES } from '../../src/observe/metric-definitions.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { parsePromql } from './promql.ts';

/** Checked by the published schemas of these kinds; no cluster has seen them. */
const KINDS = [
  ...[ConfigMap, Deployment, PodDisruptionBudget, PrometheusRule],
  ...[ScaledObject, Service, ServiceAccount, ServiceMonitor],
];

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}

const files = Object.entries(generatedFiles()).filter(([path]) => path.startsWith('ops/kubernetes/'));
const manifests = files.flatMap(([, text]) =>
  parseAllDocuments(text).map((document) => document.toJS() as Manifest),
);

describe('the manifests for Kubernetes', () => {
  it.each(manifests.map((each) => [each.kind, each] as const))(
    '%s is valid by its schema',
    (kind, manifest) => {
      const Model = KINDS.find((each) => each.kind === kind && each.apiVersion === manifest.apiVersion);
      expect(Model).toBeDefined();
      expect(() => new Model!(manifest as never).validate()).not.toThrow();
    },
  );

  it('are of every kind', () => {
    expect(new Set(manifests.map(({ kind }) => kind))).toEqual(new Set(KINDS.map(({ kind }) => kind)));
  });

  it('have names of their own', () => {
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names).toEqual([...new Set(names)]);
  });
});

const template = deployment.spec!.template;
const pod = template.spec!;
const worker = pod.containers[0]!;

describe('the workers', () => {
  it('have a configuration that a worker takes, with what the Secret gives', () => {
    const names = worker.env!.map(({ name }) => name);
    const env = { REDIS_URL: 'redis://redis:6379', KONGREGATE_API_KEY: 'key' };
    expect(names.sort()).toEqual(Object.keys(env).sort());
    const source = parse(config.data!['herald.yaml']!);
    const parsed = parseConfig(source, { platforms, env, secrets: 'resolve', readFile: () => '' });
    expect(parsed.http).toMatchObject({ host: '0.0.0.0', port: worker.ports![0]!.containerPort });
    expect(pod.terminationGracePeriodSeconds! * 1000).toBeGreaterThan(parsed.drainTimeoutMs);
    expect(pod.volumes![0]!.configMap!.name).toBe(config.metadata!.name);
  });

  it('are probed by what they serve, at the port that is named', () => {
    const probes = [worker.startupProbe, worker.livenessProbe, worker.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet?.path)).toEqual(['/livez', '/livez', '/readyz']);
    for (const probe of probes) expect(probe?.httpGet?.port).toBe(worker.ports![0]!.name);
  });

  it('can do nothing but their work', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    expect(worker.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(worker.resources?.limits).toEqual({ memory: '512Mi' });
  });

  it('are found by what looks for them', () => {
    const { labels } = template.metadata!;
    expect(deployment.spec!.selector.matchLabels).toEqual(labels);
    expect(budget.spec!.selector!.matchLabels).toEqual(labels);
    expect(service.spec!.selector).toEqual(labels);
    expect(serviceMonitor.spec.selector.matchLabels).toEqual(service.metadata!.labels);
    expect(serviceMonitor.spec.endpoints[0]!.port).toBe(service.spec!.ports![0]!.name);
    expect(scaledObject.spec.scaleTargetRef.name).toBe(deployment.metadata!.name);
    // The job that rules and dashboards ask for.
    expect(service.metadata!.labels![serviceMonitor.spec.jobLabel!]).toBe('herald');
  });

  it('are scaled by what they could send now', () => {
    const query = String(scaledObject.spec.triggers[0]!.metadata['query']);
    const { errors, selectors } = parsePromql(query);
    expect(errors).toEqual([]);
    expect(selectors.map(({ metric }) => metric)).toEqual([GAUGES.ready.name]);
  });
});

describe('the exporter', () => {
  const { selector, template } = exporterDeployment.spec!;
  const [exporter] = template.spec!.containers;

  it('has no key of a platform, and no more rights than a worker', () => {
    expect(exporter!.env!.map(({ name }) => name)).toEqual(['REDIS_URL']);
    expect(exporter!.securityContext).toEqual(worker.securityContext);
    expect(template.spec!.securityContext).toEqual(pod.securityContext);
  });

  it('is scraped apart from the workers, and tells of their job as Compose has it', () => {
    expect(exporterService.spec!.selector).toEqual(selector.matchLabels);
    expect(exporterMonitor.spec.selector.matchLabels).toEqual(exporterService.metadata!.labels);
    expect(exporterService.metadata!.labels).not.toMatchObject(serviceMonitor.spec.selector.matchLabels!);
    const { scrape_configs: jobs } = parse(
      readFileSync(new URL('../../ops/prometheus/prometheus.yml', import.meta.url), 'utf8'),
    ) as { scrape_configs: { job_name: string; metric_relabel_configs?: object[] }[] };
    const relabelled = jobs.find(({ job_name }) => job_name === exporterService.metadata!.name);
    expect(relabelled?.metric_relabel_configs).toEqual([
      { source_labels: ['channel'], regex: '.+', action: 'keep' },
      { target_label: 'job', replacement: JOB },
    ]);
    expect(exporterMonitor.spec.endpoints[0]!.metricRelabelings).toEqual([
      { sourceLabels: ['channel'], regex: '.+', action: 'keep' },
      { targetLabel: 'job', replacement: JOB },
    ]);
  });
});

it('have the rules of Prometheus, which lead to the runbooks', () => {
  const all = generatedFiles({ runbooks: 'https://wiki.example.com' });
  const rules = ['recording', 'alerts'].flatMap(
    (name) => (parse(all[`ops/prometheus/rules/${name}.yml`]!) as { groups: unknown[] }).groups,
  );
  const documents = parseAllDocuments(all['ops/kubernetes/monitoring.yaml']!);
  const rule = documents.find((document) => document.get('kind') === 'PrometheusRule');
  expect(rule!.toJS()).toMatchObject({ spec: { groups: rules } });
});
