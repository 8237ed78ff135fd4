import { setMaxListeners } from 'node:events';
import { Hono } from 'hono';
import { type Clock, systemClock } from '../clock.ts';
import { type App, listen } from '../http/listen.ts';
import { controlRoutes, type SandboxState } from './control.ts';
import { type DiscourseOptions, DiscourseSandbox } from './discourse/discourse.ts';
import { type Fault, FaultPlan } from './faults.ts';
import { Journal, type SandboxCall } from './journal.ts';
import { type KongregateOptions, KongregateSandbox } from './kongregate/kongregate.ts';
import { createRequestHandler } from './request-handler.ts';
import { seededRandom } from './seeded-random.ts';
import { type UsercomOptions, UsercomSandbox } from './usercom.ts';
import { type ZulipOptions, ZulipSandbox } from './zulip.ts';

export interface SandboxOptions {
  /** A free one when absent. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** The platforms' clock, for their days. */
  clock?: Clock;
  /** Seeds the chances of the faults. Default 1. */
  seed?: number;
  /** How many of the latest calls keep their content for the read-out. Default 100,000; counts are kept of all. */
  keepCalls?: number;
  /** Called with each call as it is judged. */
  onCall?: (call: SandboxCall) => void;
  /** In force from the start. */
  faults?: readonly Fault[];
  kongregate?: KongregateOptions;
  zulip?: ZulipOptions;
  discourse?: DiscourseOptions;
  usercom?: UsercomOptions;
}

/** A server that plays the platforms by their rules. */
export interface Sandbox extends SandboxState {
  /**
   * `http://host:port`. The platforms' base URLs begin with it: `/kongregate/api`, `/zulip`, `/discourse`,
   * `/usercom/api/public`; the control interface is `/sandbox`.
   */
  readonly url: string;
  readonly port: number;
  /** Ends every connection, hanging ones as well. May be called twice. */
  close(): Promise<void>;
}

/** Starts a sandbox and resolves once it listens. Rejects where the port is taken or a fault is none. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, clock = systemClock, seed = 1, keepCalls = 100_000 } = options;
  const closing = new AbortController();
  // Every call that is kept waiting listens for the end; Node takes more than ten listeners for a leak.
  setMaxListeners(0, closing.signal);
  const faults = new FaultPlan(seededRandom(seed));
  faults.add(...(options.faults ?? []));
  const journal = new Journal(keepCalls, options.onCall);
  const platforms = {
    kongregate: new KongregateSandbox(options.kongregate),
    zulip: new ZulipSandbox(options.zulip),
    discourse: new DiscourseSandbox(options.discourse),
    usercom: new UsercomSandbox(options.usercom),
  };
  const handler = createRequestHandler({ clock, faults, journal, closing: closing.signal });
  const reset = () => {
    faults.clear();
    journal.clear();
  };

  const app: App = new Hono();
  app.notFound((c) => c.json({ error: `nothing is at ${c.req.method} ${c.req.path}` }, 404));
  for (const [name, platform] of Object.entries(platforms)) app.route(`/${name}`, platform.routes(handler));
  app.route('/sandbox', controlRoutes({ ...platforms, faults, journal, reset }, clock));
  const server = await listen(app, { host, port });
  return {
    url: server.url,
    port: server.port,
    ...platforms,
    faults,
    journal,
    reset,
    close: async () => {
      closing.abort();
      await server.close();
    },
  };
}
