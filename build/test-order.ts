import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files and folders that take longest, for work or for locks and deadlines that run out, the longest first. */
const LONGEST = [
  'test/ops/live.test.ts',
  'test/cli/commands/worker.test.ts',
  'test/acceptance/platforms-resets.test.ts',
  'test/chaos/failpoints.test.ts',
  'test/chaos/campaign-drill.test.ts',
  'test/chaos/kill.test.ts',
  'test/workers/channel-lease.test.ts',
  'test/ledger/model.property.test.ts',
  'test/chaos/fuzz.test.ts',
  'test/ops/promtool.test.ts',
  'test/demo/demo.test.ts',
  'test/bench/bench.test.ts',
  'test/integration/redis-tls.test.ts',
  'test/integration/costly-content.test.ts',
  'test/workers/rate-kept.test.ts',
  'test/chaos/',
  'test/acceptance/',
  'test/workers/',
  'test/integration/',
  'test/cli/',
  'test/content/cost.test.ts',
  'test/blocking.test.ts',
  'test/content/dialects/',
];

/** The files that take longest begin first, so that nobody waits for them alone at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((path) => moduleId.includes(path));
      return found === -1 ? LONGEST.length : found;
    };
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}
