import type { ChannelHolds } from './channel-holds.ts';
import type { Ledger } from './ledger.ts';
import type { Settlement } from './types.ts';

/**
 * Settles in a shard, and then tells the channel's home what that says of the channel. It belongs above what joins the calls of a shard and
 * remembers them: the home may be on another node, and while that is away only those messages wait that have something to tell.
 * A settlement whose home cannot be told rejects, although it has held.
 */
export function withChannelHolds(ledger: Ledger, holds: Pick<ChannelHolds, 'note'>): Ledger {
  return {
    admit: ledger.admit,
    settle: (settlement) =>
      ledger.settle(withoutFailure(settlement)).then((settled) => {
        const noted = settled.status === 'stale' ? undefined : holds.note(settlement);
        return noted ? noted.then((health) => ({ ...settled, ...health })) : settled;
      }),
  };
}

/** The home counts the failures in a row, so a shard must not. */
const withoutFailure = (settlement: Settlement): Settlement =>
  settlement.health === 'down' ? { ...settlement, health: undefined } : settlement;
