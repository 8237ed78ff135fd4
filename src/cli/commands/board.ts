import { Option } from 'commander';
import { z } from 'zod';
import { BOARD_ROLES, type BoardRole } from '../../admin/board-access.ts';
import { board, boardUrl } from '../../config/board.ts';
import { duration } from '../../time.ts';
import { EXIT } from '../context.ts';
import { withBoardAccess } from '../installation.ts';
import { collected, parsedBy } from '../option-values.ts';
import { readConfiguration } from '../settings.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';

interface LinkOptions {
  role: BoardRole;
  for?: string;
  channel?: string[];
  expires: number;
}

const GROUP_HELP = `
Example:
  $ herald board link --for anna --role operate`;

const LINK_HELP = `
Who opens the link signs in at the board with it, once. The role read sees everything and changes nothing; operate pauses, cancels,
replays and purges as well. The link begins with http.board.url, or with the address that http.board listens on.

Examples:
  $ herald board link --for anna
  $ herald board link --for anna --role operate --channel kongregate`;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const NAME = z.string().regex(/^[\w .@-]{1,64}$/, 'expected up to 64 letters, digits and spaces');

/** Another host may serve the board, by a configuration that this host does not have. */
function addressOf(invocation: Invocation): string {
  const configured = readConfiguration(invocation)?.http?.board;
  if (!configured)
    invocation.output.note(
      'herald: http.board is off in this configuration: a process with it on must serve the board',
    );
  return boardUrl(configured ?? board.parse({}));
}

const link: Run<LinkOptions> = async (invocation) => {
  const { options, output } = invocation;
  const { role, channel, expires } = options;
  const address = addressOf(invocation);
  const secret = await withBoardAccess(invocation, (access, by) => {
    const user = { name: options.for ?? by.name, role, channels: channel ?? null };
    return access.createLink(user, expires, by);
  });
  const url = `${address}/board/link?secret=${secret}`;
  output.result({ url, role, expires_in_seconds: expires / 1000 }, () => url);
  return EXIT.done;
};

export const addBoard: AddCommand = (program, shell) => {
  const group = program
    .command('board')
    .description('Let people into the board.')
    .addHelpText('after', GROUP_HELP);
  group
    .command('link')
    .description('Print a link with which one person signs in at the board, once.')
    .option('--role <role>', 'read or operate', parsedBy(z.enum(BOARD_ROLES)), 'read')
    .option('--for <name>', 'the name under which their acts are recorded (default: yours)', parsedBy(NAME))
    .option('--channel <name>', 'let them see only this channel, repeatable', collected(String))
    .addOption(
      new Option('--expires <duration>', 'how long the link may be used, at most a day')
        .argParser(parsedBy(duration({ from: MINUTE_MS, to: DAY_MS })))
        .default(10 * MINUTE_MS, '10m'),
    )
    .addHelpText('after', LINK_HELP)
    .action(shell.action(link));
};
