import type { Admin, Explanation, WebhookStatus } from '../admin/admin.ts';
import type { RecordedAct } from '../admin/audit.ts';
import type { BackgroundReplay } from '../admin/background-replays.ts';
import type { BoardUser } from '../admin/board-access.ts';
import type { BoardBackend } from '../admin/board-backend.ts';
import type { DeadLetterSelection } from '../admin/dead-letter-admin.ts';
import { NotFound } from './errors.ts';

/**
 * The installation as one user may see it. Screens use this instead of the admin, so that what a user must not see is decided in one
 * place.
 */
export interface View {
  readonly backend: BoardBackend;
  /** Acts as the user. */
  readonly admin: Admin;
  readonly user: BoardUser;
  /** Whether the user may see the content of messages: only those who may act on them do. */
  readonly seesContent: boolean;
  /** The explanation of a message from each of the user's channels that has it, with content if the user may see that. */
  explain(id: string, channel?: string): Promise<Explanation[]>;
  /** The names of the channels that the user may see. */
  channels(): Promise<string[]>;
  /** @throws NotFound for a channel that the user may not see */
  require(channel: string): string;
  /** A selection of dead letters, within the user's channels. @throws NotFound as `require` */
  selection(wanted: DeadLetterSelection & { channel?: string | undefined }): Promise<DeadLetterSelection>;
  /** Filters for channels that the user may see. */
  mine<T extends { channel: string }>(found: readonly T[]): T[];
  seesAct(act: RecordedAct): boolean;
  /** The endpoints that get receipts only of channels that the user may see. */
  webhooks(): Promise<WebhookStatus[]>;
  seesReplay(replay: BackgroundReplay): boolean;
}

/** Whether the user may change what the board shows. */
export const mayOperate = ({ role }: BoardUser): boolean => role === 'operate';

export function viewOf(backend: BoardBackend, user: BoardUser): View {
  const admin = backend.admin.as({ via: 'board', name: user.name });
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
    backend,
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
    // Acts without a channel, such as links to the board, are for users who see all.
    seesAct: ({ channels: of }) => user.channels === null || (of.length > 0 && seesAll(of)),
    seesReplay: ({ scope }) =>
      user.channels === null || (scope.channels.length > 0 && seesAll(scope.channels)),
  };
}
