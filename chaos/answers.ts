import type { Breach } from './breach.ts';
import { type Lapse, mayBeForgotten } from './forgetting.ts';
import { channelNameOf } from './message-ids.ts';

/** What a producer was answered, held against what was handed over until then. */
export interface Answers {
  /** A message is about to be handed over: by a producer, or as a foreign job. Also when a call is repeated. */
  handed(id: string): void;
  answered(at: number, id: string, status: 'queued' | 'duplicate'): void;
  /**
   * Wrong answers: `duplicate` of a message that nobody handed over before, `queued` for the second message of an id,
   * whose first the store has not forgotten.
   */
  wrong(lapses: readonly Lapse[]): Breach[];
}

export function createAnswers(): Answers {
  const handed = new Map<string, number>();
  const duplicates = new Map<string, number>();
  const queuedAt = new Map<string, number[]>();
  const ofNothing = new Set<string>();
  return {
    handed: (id) => void handed.set(id, (handed.get(id) ?? 0) + 1),
    answered(at, id, status) {
      if (status === 'queued') {
        queuedAt.set(id, [...(queuedAt.get(id) ?? []), at]);
        return;
      }
      const told = (duplicates.get(id) ?? 0) + 1;
      duplicates.set(id, told);
      // Of all that was handed over, one at least must have been the first.
      if (told >= (handed.get(id) ?? 0)) ofNothing.add(id);
    },
    wrong(lapses) {
      const twice = [...queuedAt].filter(([id, times]) =>
        times.slice(1).some((until, i) => {
          const [askedAt, answeredAt] = [times[i]!, times[i]!];
          return !mayBeForgotten(lapses, channelNameOf(id), { askedAt, answeredAt }, until);
        }),
      );
      return [
        ...[...ofNothing].map((id) => breach('false_duplicate', id, 'a duplicate, and there was no other')),
        ...twice.map(([id]) => breach('queued_twice', id, 'queued, and again while it was known')),
      ];
    },
  };
}

const breach = (kind: Breach['kind'], id: string, what: string): Breach => ({
  ...{ kind, id, what, calls: [] },
  channel: channelNameOf(id),
});
