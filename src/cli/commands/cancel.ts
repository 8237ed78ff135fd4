import type { Admin } from '../../admin/admin.ts';
import { EXIT, type ExitCode } from '../context.ts';
import { lostAfter, wrongUsage } from '../failure.ts';
import { withAdmin } from '../installation.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';
import { cancelCampaign, unknownCampaign } from './campaign-cancel.ts';
import { controlled, report } from './control-report.ts';
import { channelOfRecipient, recipientOption, withRecipient } from './recipient-option.ts';

interface CancelOptions {
  channel?: string;
  campaign?: string;
  to?: unknown;
  yes?: boolean;
}

type Cancel = Invocation<CancelOptions>;

const HELP = `
A message is cancelled in every channel that has it, unless --channel names one. It is final at once (suppressed, cancelled),
whatever job it lies in; its job leaves the queue when it is due. A message whose request is in flight or in doubt, and one
that is final, are too late; so is a dead letter, until it is replayed.

--to cancels whatever waits for a recipient of a channel, and looks through all its jobs; with --campaign only the campaign's
message to it. --campaign alone cancels the campaign for good, as \`herald campaign cancel\`: without --yes the plan is printed.

Examples:
  $ herald cancel order-31
  $ herald cancel order-31 order-32 --channel kongregate --json
  $ herald cancel --to '{"userId":32}' --channel kongregate
  $ herald cancel --campaign spring --to '{"userId":32}'
  $ herald cancel --campaign spring --yes`;

const RUN_AGAIN = 'messages; run it again for the rest';

async function cancelMessages(admin: Admin, invocation: Cancel): Promise<ExitCode> {
  const { args, options } = invocation;
  let failed = 0;
  for (const [done, id] of args.entries()) {
    const lost = (error: unknown): never => {
      throw lostAfter(error, done, RUN_AGAIN);
    };
    const results = controlled(id, await admin.cancel(id, options).catch(lost));
    if (!report(results, invocation)) failed += 1;
  }
  return failed > 0 ? EXIT.partly : EXIT.done;
}

async function cancelRecipient(admin: Admin, invocation: Cancel): Promise<ExitCode> {
  const { output, options } = invocation;
  let cancelled = 0;
  const onResult = ({ status }: { status: string }): void => {
    if (status === 'cancelled') cancelled += 1;
  };
  const [channel, found] = await withRecipient('cancel', async () => {
    const name = await channelOfRecipient(admin, options.channel, 'cancel');
    return [name, await admin.cancelRecipient(options.to, { channel: name, onResult })] as const;
  }).catch((error: unknown) => {
    throw lostAfter(error, cancelled, RUN_AGAIN);
  });
  const whole = report(
    found.map((result) => ({ ...result, channel })),
    invocation,
  );
  if (found.length === 0) output.note(`herald: nothing waits for this recipient in channel ${channel}`);
  return whole ? EXIT.done : EXIT.partly;
}

async function cancelInCampaign(admin: Admin, campaign: string, invocation: Cancel): Promise<ExitCode> {
  const { output, options } = invocation;
  const found = await withRecipient('cancel', () =>
    admin.campaigns.cancelRecipient(campaign, options.to, options),
  );
  if (found.length === 0) return unknownCampaign(campaign, options.channel, output.note);
  return report(found, invocation, { more: { campaign } }) ? EXIT.done : EXIT.partly;
}

const run: Run<CancelOptions> = async (invocation) => {
  const { args, options } = invocation;
  const { campaign, to } = options;
  const selected = campaign !== undefined || to !== undefined;
  if (selected === args.length > 0)
    throw wrongUsage('cancel: expected either message ids, or --campaign or --to');
  return await withAdmin(invocation, async (admin) => {
    if (campaign === undefined) return await (selected ? cancelRecipient : cancelMessages)(admin, invocation);
    if (to === undefined) return await cancelCampaign(admin, campaign, invocation);
    return await cancelInCampaign(admin, campaign, invocation);
  });
};

export const addCancel: AddCommand = (program, shell) => {
  program
    .command('cancel')
    .argument('[id...]', 'message ids')
    .description('Cancel messages that wait: by their ids, of a campaign, or to a recipient.')
    .option('--channel <name>', 'only in this channel')
    .option('--campaign <id>', 'the messages of this campaign instead')
    .option('--to <json>', 'those to this recipient, as in the field to of a message', recipientOption)
    .option('--yes', 'cancel a whole campaign; without it only the plan is printed')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
