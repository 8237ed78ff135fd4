import { z } from 'zod';
import { CHANNEL_NAME } from '../../message/fields.ts';
import { SCOPES, type Scope } from '../../tokens/scopes.ts';
import type { IssuedToken, TokenOverview } from '../../tokens/token-admin.ts';
import { UnknownTokenError } from '../../tokens/token-admin.ts';
import { EXIT } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import { withAdmin } from '../installation.ts';
import { ageText, instantText, type Moment, parseMoment } from '../moments.ts';
import { parsedBy } from '../option-values.ts';
import type { Output } from '../output.ts';
import type { AddCommand, Run } from '../shell.ts';

interface CreateOptions {
  name: string;
  scopes: Scope[];
  channels?: string[];
  expires?: Moment;
}

const GROUP_HELP = `
Examples:
  $ herald token create --name shop --scopes send
  $ herald token list`;

const CREATE_HELP = `
The token is printed once, and only its SHA-256 is kept. Scopes are send (messages, plays, campaigns), read (what became of
them) and operate (what operators do); give one or several, with commas.

Examples:
  $ herald token create --name shop --scopes send,read --channels kongregate
  $ herald token create --name migration --scopes send --expires 7d`;

const LIST_HELP = `
Example:
  $ herald token list --json`;

const ROTATE_HELP = `
Prints another secret for the token. The one that it had is valid too, until --finish ends that, or the next rotation.

Examples:
  $ herald token rotate 1f0c2a9b7d3e
  $ herald token rotate 1f0c2a9b7d3e --finish`;

const REVOKE_HELP = `
The token opens nothing from then on, in any process.

Example:
  $ herald token revoke 1f0c2a9b7d3e`;

const listOf = <T extends string>(each: z.ZodType<T, string>) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(each).min(1));

const NAME = z.string().regex(/^[\w .@-]{1,64}$/, 'expected up to 64 letters, digits and spaces');
const SCOPE_LIST = listOf(z.enum(SCOPES));
const CHANNEL_LIST = listOf(z.string().regex(CHANNEL_NAME, 'expected a channel name'));

/** Here `7d` means in a week, not a week ago. */
const expiryOf = (moment: Moment, now: number): number =>
  'at' in moment ? moment.at.getTime() : now + moment.agoMs;

const show = ({ id, token }: IssuedToken, output: Output): void =>
  output.result({ id, token }, () => `${token}\nThis is the only time that it is shown. Its id is ${id}.`);

const create: Run<CreateOptions> = async (invocation) => {
  const { options, output, context } = invocation;
  const now = context.clock.now();
  const expiresAt = options.expires && expiryOf(options.expires, now);
  if (expiresAt !== undefined && expiresAt <= now) throw wrongUsage('--expires: is past already');
  const { name, scopes, channels } = options;
  show(
    await withAdmin(invocation, ({ tokens }) => tokens.create({ name, scopes, channels, expiresAt })),
    output,
  );
  return EXIT.done;
};

const document = (token: TokenOverview) => ({
  id: token.id,
  name: token.name,
  scopes: token.scopes,
  channels: token.channels ?? null,
  created_at: instantText(token.createdAt),
  expires_at: token.expiresAt === undefined ? null : instantText(token.expiresAt),
  last_used_at: token.lastUsedAt === undefined ? null : instantText(token.lastUsedAt),
  secrets: token.secrets,
});

const list: Run<object> = async (invocation) => {
  const { output, context } = invocation;
  const found = await withAdmin(invocation, ({ tokens }) => tokens.list());
  const now = context.clock.now();
  const row = (token: TokenOverview) => [
    ...[token.id, token.name, token.scopes.join(','), token.channels?.join(',') ?? 'all'],
    token.lastUsedAt === undefined ? 'never' : `${ageText(now - token.lastUsedAt)} ago`,
    token.expiresAt === undefined ? 'never' : instantText(token.expiresAt),
    token.secrets,
  ];
  const head = ['id', 'name', 'scopes', 'channels', 'used', 'expires', 'secrets'];
  output.result(found.map(document), () =>
    found.length === 0 ? 'no tokens; see herald token create --help' : output.table(head, found.map(row)),
  );
  return EXIT.done;
};

const rotate: Run<{ finish?: boolean }> = async (invocation) => {
  const { args, output, options } = invocation;
  const [id = ''] = args;
  await withAdmin(invocation, async ({ tokens }) => {
    if (options.finish !== true) return show(await tokens.rotate(id), output);
    await tokens.dropFormer(id);
    output.result({ id, secrets: 1 }, () => `${id}: only its latest secret is valid now`);
  }).catch((error: unknown) => {
    throw error instanceof UnknownTokenError ? wrongUsage(error.message, error) : error;
  });
  return EXIT.done;
};

const revoke: Run<object> = async (invocation) => {
  const [id = ''] = invocation.args;
  const revoked = await withAdmin(invocation, ({ tokens }) => tokens.revoke(id));
  if (!revoked) throw wrongUsage(`no token has the id ${JSON.stringify(id)}`);
  invocation.output.result({ id, revoked }, () => `${id} revoked`);
  return EXIT.done;
};

export const addToken: AddCommand = (program, shell) => {
  const token = program
    .command('token')
    .description('Make, list and revoke the tokens of the HTTP API.')
    .addHelpText('after', GROUP_HELP);
  token
    .command('create')
    .description('Make a token, and print it.')
    .requiredOption('--name <text>', 'whose it is, for people', parsedBy(NAME))
    .requiredOption('--scopes <list>', 'what it may do: send, read, operate', parsedBy(SCOPE_LIST))
    .option('--channels <list>', 'only for these channels', parsedBy(CHANNEL_LIST))
    .option('--expires <when>', 'an instant, or a duration from now such as 30d', parseMoment)
    .addHelpText('after', CREATE_HELP)
    .action(shell.action(create));
  token
    .command('list')
    .description('List the tokens.')
    .addHelpText('after', LIST_HELP)
    .action(shell.action(list));
  token
    .command('rotate')
    .argument('<id>', 'of a token')
    .description('Give a token another secret.')
    .option('--finish', 'end the validity of the secret from before the last rotation')
    .addHelpText('after', ROTATE_HELP)
    .action(shell.action(rotate));
  token
    .command('revoke')
    .argument('<id>', 'of a token')
    .description('End the validity of a token.')
    .addHelpText('after', REVOKE_HELP)
    .action(shell.action(revoke));
};
