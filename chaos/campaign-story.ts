import type { Receipt } from '../src/receipts/receipts.ts';
import type { SandboxCall } from '../src/sandbox/index.ts';
import type { Breach, History } from './breach.ts';
import type { CampaignBook } from './campaigns.ts';
import { TIMEOUT_MS } from './channels.ts';
import { campaignOf, EVERYBODY, idOf, nameIn } from './message-ids.ts';

/** A grant of before may be for a moment up to a second ahead, and its request takes its time. */
const IN_FLIGHT_MS = TIMEOUT_MS + 2_000;

/** What is held against each campaign: its counts, its receipts, what reached a platform, and what it was told to do. */
export function campaignStory({ channel, campaigns, receipts, calls }: History): Breach[] {
  return campaigns
    .filter(({ plan }) => plan.channel.name === channel.name)
    .flatMap((book) => {
      const { id } = book.plan;
      const own = {
        receipts: receipts.filter((receipt) => campaignOf(receipt.id) === id),
        calls: callsOf(id, calls),
      };
      return [...miscounted(book, own.receipts), ...heldBack(book, own), ...misaddressed(book, own.calls)];
    });
}

interface Own {
  receipts: readonly Receipt[];
  /** Each message's, in order. */
  calls: ReadonlyMap<string, readonly SandboxCall[]>;
}

function callsOf(campaign: string, calls: readonly SandboxCall[]): Map<string, SandboxCall[]> {
  const byMessage = new Map<string, SandboxCall[]>();
  for (const call of calls) {
    const id = nameIn(call) === undefined ? undefined : idOf(call);
    if (id !== undefined && campaignOf(id) === campaign)
      byMessage.set(id, [...(byMessage.get(id) ?? []), call]);
  }
  return byMessage;
}

const breachOf = (
  { plan }: CampaignBook,
  kind: Breach['kind'],
  what: string,
  { id = plan.id, calls = [] }: Partial<Pick<Breach, 'id' | 'calls'>> = {},
): Breach => ({ kind, channel: plan.channel.name, id, what, calls });

/** Nothing is left of it, its counts add up, and they are those of its receipts and of its list. */
function miscounted(book: CampaignBook, receipts: readonly Receipt[]): Breach[] {
  const { plan, state, told, isComplete, failure } = book;
  const wrong = (what: string): Breach => breachOf(book, 'miscounted', what);
  if (failure !== undefined) return [wrong(`could not be started: ${failure}`)];
  if (!state) return isComplete ? [wrong('the store does not know it')] : [];
  const { listed, waiting, underWay, duplicate, ends, replayed } = state;
  const ended = ends.reduce((sum, { count }) => sum + count, 0);
  const firstRuns = receipts.filter(({ run }) => run === 1);
  const counted = ends.map(({ state, reason, count }) => `${state}/${reason} ${count}`).toSorted();
  const received = tally(firstRuns).toSorted();
  const people = new Set(plan.recipients.map(({ id }) => id)).size;
  return [
    ...(waiting !== 0 || underWay !== 0 ? [wrong(`${waiting} wait and ${underWay} are under way`)] : []),
    ...(listed !== ended + duplicate ? [wrong(`${listed} listed, ${ended} + ${duplicate} ended`)] : []),
    ...(`${counted}` !== `${received}` ? [wrong(`counted ${counted}; receipts ${received}`)] : []),
    ...(replayed !== receipts.length - firstRuns.length ? [wrong(`${replayed} replayed`)] : []),
    ...(told > listed ? [wrong(`${told} were told to be listed, and ${listed} are`)] : []),
    ...(isComplete && listed - duplicate !== people
      ? [wrong(`${listed} listed, ${duplicate} of them duplicates, of ${people} people`)]
      : []),
    ...receipts
      .filter((receipt) => receipt.campaign !== plan.id)
      .map(({ id }) => breachOf(book, 'miscounted', 'its receipt does not name its campaign', { id })),
  ];
}

function tally(receipts: readonly Receipt[]): string[] {
  const counts = new Map<string, number>();
  for (const { state, reason } of receipts) {
    const name = `${state}/${reason}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${name} ${count}`);
}

/**
 * After a pause or a cancellation was answered nothing of it is granted. What is in doubt is resolved all the same, and a grant
 * that never left its worker makes a doubt, too: only first attempts are judged.
 */
function heldBack(book: CampaignBook, { receipts, calls }: Own): Breach[] {
  const spans = heldSpans(book);
  const attempts = new Map(receipts.flatMap(({ id, run, attempts }) => (run === 1 ? [[id, attempts]] : [])));
  const breaches: Breach[] = [];
  for (const [id, [first]] of calls) {
    if (!first || attempts.get(id) !== 1) continue;
    const span = spans.find(({ from, to }) => first.at > from + IN_FLIGHT_MS && first.at < to);
    if (!span) continue;
    const what = `sent ${first.at - span.from} ms after the campaign was ${span.state}`;
    breaches.push(breachOf(book, 'sent_while_held', what, { id, calls: [first] }));
  }
  return breaches;
}

interface HeldSpan {
  state: string;
  from: number;
  to: number;
}

function heldSpans({ orders }: CampaignBook): HeldSpan[] {
  return orders.flatMap(({ status, answeredAt: from }, number): HeldSpan[] => {
    if (status !== 'paused' && status !== 'cancelled') return [];
    const resumed = orders.slice(number + 1).find(({ kind }) => kind === 'resume');
    const to = status === 'paused' ? resumed?.askedAt : undefined;
    return [{ state: status, from, to: to ?? Number.POSITIVE_INFINITY }];
  });
}

/** Everybody gets the text with their own values. */
function misaddressed(book: CampaignBook, calls: Own['calls']): Breach[] {
  const names = new Map(book.plan.recipients.map(({ id, data }) => [id, data?.name ?? EVERYBODY]));
  return [...calls].flatMap(([id, own]) => {
    const wrong = own.filter((call) => nameIn(call) !== names.get(id));
    if (wrong.length === 0) return [];
    return [breachOf(book, 'misaddressed', `with the values of ${nameIn(wrong[0]!)}`, { id, calls: wrong })];
  });
}
