import { type FaultyProxy, openFaultyProxy } from '../../testing/faulty-proxy.ts';
import type { Environment } from './environment.ts';

/** A way to the sandbox on which the test keeps answers back for as long as it needs them under way. */
export interface HeldPlatform {
  readonly proxy: FaultyProxy;
  /** As the sandbox's own. */
  readonly url: string;
  /** The fields that lead the environment's channel this way. */
  readonly channel: { baseUrl: string };
}

export async function openHeldPlatform(
  { sandbox }: Pick<Environment, 'sandbox'>,
  onTestFinished: (close: () => Promise<void>) => void,
): Promise<HeldPlatform> {
  const proxy = await openFaultyProxy(sandbox.port);
  onTestFinished(() => proxy.close());
  const url = `http://127.0.0.1:${proxy.port}`;
  return { proxy, url, channel: { baseUrl: `${url}/kongregate/api` } };
}
