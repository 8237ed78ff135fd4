import type { StoreKind } from '../stores.ts';
import type { Contender } from './contender.ts';

interface Entry {
  title: string;
  store: StoreKind;
  /** Loaded only in its own processes: what else is loaded would count as their memory. */
  load(): Promise<Contender>;
}

/** By the name that `--only` takes. */
export const contenders = {
  bullmq: {
    title: 'BullMQ, bare, with undici `request`',
    store: 'redis',
    load: async () => (await import('./bullmq.ts')).bare,
  },
  naive: {
    title: 'BullMQ, naive rules: GET, SET NX, send, SET',
    store: 'redis',
    load: async () => (await import('./bullmq.ts')).naive,
  },
  single: {
    title: 'Herald, one job a message',
    store: 'redis',
    load: async () => (await import('./herald.ts')).single,
  },
  bulk: {
    title: 'Herald, jobs of many messages',
    store: 'redis',
    load: async () => (await import('./herald.ts')).bulk,
  },
  campaign: {
    title: 'Herald, a campaign',
    store: 'redis',
    load: async () => (await import('./herald.ts')).campaign,
  },
  'http-request': {
    title: 'HTTP client alone: undici `request`',
    store: 'none',
    load: async () => (await import('./http.ts')).request,
  },
  'http-dispatch': {
    title: 'HTTP client alone: undici `dispatch`',
    store: 'none',
    load: async () => (await import('./http.ts')).dispatch,
  },
  'bee-queue': {
    title: 'bee-queue, bare',
    store: 'redis',
    load: async () => (await import('./bee-queue.ts')).beeQueue,
  },
  'pg-boss': {
    title: 'pg-boss, bare, batches of 500',
    store: 'postgresql',
    load: async () => (await import('./pg-boss.ts')).pgBoss,
  },
  'graphile-worker': {
    title: 'graphile-worker, bare, local queue of 500, batched completion',
    store: 'postgresql',
    load: async () => (await import('./graphile-worker.ts')).graphileWorker,
  },
} as const satisfies Record<string, Entry>;

export type ContenderName = keyof typeof contenders;
