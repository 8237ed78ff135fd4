import { defineConfig } from 'vitest/config';

/**
 * What decides, renders, parses or speaks HTTP: it starts neither a Redis nor a process, and is tried on a bare checkout, without
 * a build: `npm run test:unit`.
 */
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

export default defineConfig({
  test: {
    root: '.',
    include: UNIT,
    setupFiles: ['test/support/seed.ts'],
    isolate: false,
    expect: { poll: { timeout: 60_000 } },
  },
});
