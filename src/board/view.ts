import type { Admin, Explanation, WebhookStatus } from '../admin/admin.ts';
import type { RecordedAct } from '../admin/audit.ts';
import type { BackgroundReplay } from '../admin/background-replays.ts';
import type { BoardUser } from '../admin/board-access.ts';
import type { DeadLetterSelection } from '../admin/dead-letter-admin.ts';
import type { Desk } from '../admin/desk.ts';
import { NotFound } from './errors.ts';
import { mayOperate } from './screen.ts';

/**
 * The installation as one user sees it. Every screen asks this and not the admin, so that what a user must not see is decided in
 * one place.
 */
export interface View {
  readonly desk: Desk;
  /** Acts as the user. */
  readonly admin: Admin;
  readonly user: BoardUser;
  /** What messages say is for those who act on them. */
  readonly seesContent: boolean;
  /** A message in each of the user's channels that has it, with what it will say if the user may see that. */
  explain(id: string, channel?: string): Promise<Explanation[]>;
  /** The channels that there are and that the user may see, by name. */
  channels(): Promise<string[]>;
  /** @throws NotFound for a channel that the user may not see, as for one that there is not */
  require(channel: string): string;
  /** A selection of dead letters, within the user's channels. @throws NotFound as `require` */
  selection(wanted: DeadLetterSelection & { channel?: string | undefined }): Promise<DeadLetterSelection>;
  /** What concerns a channel that the user may see. */
  mine<T extends { channel: string }>(found: readonly T[]): T[];
  seesAct(act: RecordedAct): boolean;
  /** The endpoints that get receipts of channels that the user may see, and of no others. */
  webhooks(): Promise<WebhookStatus[]>;
  seesReplay(replay: BackgroundReplay): boolean;
}

export function viewOf(desk: Desk, user: BoardUser): View {
  const admin = desk.admin.as({ via: 'board', name: user.name });
  const sees = (channel: string): boolean => user.channels?.includes(channel) ?? true;
  const seesAll = (channels: readonly string[]): boolean => channels.every(sees);
  const channels = async (): Promise<string[]> =>
    (await admin.channels.list()).map(({ name }) => name).filter(sees);
  const require = (channel: string): string => {
    if (!sees(channel)) throw new NotFound(`There is no channel ${channel}.`);
    return channel;
  };
  const seesContent = mayOperate(user);
  const mine = <T extends { channel: string }>(found: readonly T[]): T[] =>
    found.filter((each) => sees(each.channel));
  return {
    desk,
    admin,
    user,
    seesContent,
    channels,
    require,
    async selection({ channel, ...wanted }) {
      if (channel !== undefined) return { ...wanted, channels: [require(channel)] };
      return user.channels === null ? wanted : { ...wanted, channels: await channels() };
    },
    mine,
    explain: async (id, channel) =>
      mine(await admin.explain(id, { channel: channel && require(channel), content: seesContent })),
    webhooks: async () => (await admin.webhooks()).filter(({ channels: of }) => seesAll(of)),
    // What is of no channel, such as links to the board, is for those who see all.
    seesAct: ({ channels: of }) => user.channels === null || (of.length > 0 && seesAll(of)),
    seesReplay: ({ scope }) =>
      user.channels === null || (scope.channels.length > 0 && seesAll(scope.channels)),
  };
}
