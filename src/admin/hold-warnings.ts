import { aliveWorkers } from '../channels/heartbeats.ts';
import { findChannel, type Installation } from '../channels/installation.ts';
import { readChannelState } from '../ledger/channel-state.ts';
import { isAnyPaused } from './channel-control.ts';
import { holdOf } from './status.ts';

/** Why messages for these channels would not be sent now, as whole sentences. */
export async function holdWarnings(at: Installation, names: readonly string[]): Promise<string[]> {
  const warnings = await Promise.all([...new Set(names)].map((name) => holdWarning(at, name)));
  return warnings.filter((warning) => warning !== undefined);
}

async function holdWarning(at: Installation, name: string): Promise<string | undefined> {
  const { home, stores } = findChannel(at, name)!;
  const [state, isPaused, workers] = await Promise.all([
    readChannelState(home),
    isAnyPaused({ stores }),
    aliveWorkers(home),
  ]);
  const stopped = holdOf(state, isPaused);
  if (stopped)
    return `${name} is stopped (${stopped.reason}): nothing is sent until \`herald channel resume ${name}\`.`;
  if (workers.length === 0) return `${name} has no worker alive: nothing is sent until one is started.`;
  const { resting } = state;
  if (!resting) return undefined;
  return `${name} is resting (${resting.reason}): nothing is sent until ${new Date(resting.until).toISOString()}.`;
}
