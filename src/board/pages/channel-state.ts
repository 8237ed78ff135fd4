import type { ChannelStatus } from '../../admin/admin.ts';
import { state, type Tone } from '../components/state.ts';
import type { Html } from '../html.ts';
import { spoken } from '../words.ts';

/** The state of a channel in one word and a tone: whatever holds it up most comes first. */
export function channelState(status: ChannelStatus): { tone: Tone; word: string } {
  const { stopped, resting, breaker, workers, queue } = status;
  if (stopped?.reason === 'paused') return { tone: 'warn', word: 'paused' };
  if (stopped) return { tone: 'bad', word: `stopped: ${spoken(stopped.reason)}` };
  if (workers.length === 0)
    return (queue.ready ?? 0) > 0 ? { tone: 'bad', word: 'no worker' } : { tone: 'idle', word: 'no worker' };
  if (breaker === 'open') return { tone: 'warn', word: 'breaker open' };
  if (breaker === 'half_open') return { tone: 'warn', word: 'breaker half open' };
  if (resting) return { tone: 'note', word: `resting: ${spoken(resting.reason)}` };
  return { tone: 'good', word: 'delivering' };
}

export function stateOf(status: ChannelStatus): Html {
  const { tone, word } = channelState(status);
  return state(tone, word);
}
