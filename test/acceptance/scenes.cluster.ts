import { useCluster } from './platforms-environment.ts';

// Every scene of a Redis of its own, once more on a cluster.
useCluster();
await import('./platforms.test.ts');
await import('./platforms-fifth.test.ts');
await import('./platforms-resets.test.ts');
await import('./platform-accounts.test.ts');
