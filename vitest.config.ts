import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './build/test-order.ts';

/** Decide, render, parse or speak HTTP: they start neither a Redis nor a process, and run on a bare checkout. */
const UNIT = [
  'test/{policies,content,config,deploy,platforms,docs}/**/*.test.ts',
  'test/{blocking,disclosure,errors,lines,once-per,structure,time,timeout}.test.ts',
  'test/bench/{options,report,statistics}.test.ts',
  'test/ops/{alertmanager,expressions,generated,layout,kubernetes,runbooks}.test.ts',
  'test/package/dependencies.test.ts',
  'test/cli/input/**/*.test.ts',
  'test/tracing/enqueues.test.ts',
  'test/demo/{load,verdict,message-plan,view}.test.ts',
  'test/testing/*.test.ts',
  'test/cli/{describe-failure,output,progress,table}.test.ts',
  'test/cli/commands/health.test.ts',
  'test/chaos/{answers,append-only,campaign-plan,campaign-story,checker,control-story,failovers,late-writes,many,nemesis,options,recovery}.test.ts',
  'test/message/{check,fields,fit,json-schema,schema}.test.ts',
  'test/jobs/{fold-dispositions,job-ids,read-envelope}.test.ts',
  'test/redis/{clock-offset,keys,option,server-checks,url}.test.ts',
  'test/ledger/names.test.ts',
  'test/channels/hold-back.test.ts',
  'test/observe/{channel-histogram,composite-observer,log,metrics,open-metrics,storm-limit}.test.ts',
  'test/board/{markup,problems}.test.ts',
  'test/http/probes.test.ts',
  'test/admin/{next-step,timeline}.test.ts',
  'test/dead-letters/pace.test.ts',
  'test/sandbox/{platforms,sandbox,discourse}.test.ts',
  'test/workers/{attempt,channel-log,clock-gauge,credentials,deadlines,event-loop-lag,last-answers,late-grant-log,lease}.test.ts',
];

/** Has a command of its own, see test/support/package.config.ts. */
const PACKED = 'test/package/packed.test.ts';

const REDIS_SETUP = 'build/redis-setup.ts';
const PROMETHEUS_SETUP = 'build/prometheus-setup.ts';
const PACKAGE_SETUP = 'build/package-setup.ts';

/** Of every project. What stands here cannot be changed on the command line, so `maxWorkers` does not. */
const shared = {
  // A test file leaves nothing behind, so those of one project may share a process: loading the modules again for
  // each file was a third of the suite's work.
  isolate: false,
  // Only for what hangs: what waits for a condition gives up by itself, with a patience that grows with the load.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 60_000 } },
};

export default defineConfig({
  test: {
    // Most tests wait for a Redis, a platform or a lock: more of them than cores keep two cores busy.
    maxWorkers: 8,
    sequence: { sequencer: LongestFirst },
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        // Whatever is not in the list: most of it talks to a Redis, some of it starts processes.
        test: {
          ...shared,
          name: 'redis',
          include: ['test/**/*.test.ts'],
          exclude: [...UNIT, PACKED],
          // Processes run what is built.
          globalSetup: [REDIS_SETUP, PROMETHEUS_SETUP, PACKAGE_SETUP],
        },
      },
      {
        // None of them waits for anything, so more processes than cores would only load the modules once more each.
        test: {
          ...shared,
          name: 'unit',
          include: UNIT,
          maxWorkers: Math.min(8, availableParallelism()),
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
