import { EXIT } from '../context.ts';
import { withAdmin } from '../installation.ts';
import type { AddCommand, Run } from '../shell.ts';
import {
  type CancelCampaignOptions,
  cancelCampaign,
  reportControl,
  unknownCampaign,
} from './campaign-cancel.ts';
import { addCampaignStart } from './campaign-start.ts';
import { campaignDocument, campaignsTable, campaignText } from './campaign-view.ts';

interface ChannelOption {
  channel?: string;
}

const GROUP_HELP = `
A campaign is one content for many recipients of a channel. See docs/campaigns.md.

Examples:
  $ herald campaign start spring.yaml --to players.csv
  $ herald campaign show spring`;

const LIST_HELP = `
Campaigns are kept until a week after their messages have expired.

Example:
  $ herald campaign list --json`;

const SHOW_HELP = `
waiting: not tried yet. under way: tried, or waiting for a slot or a retry. Ends are counted by state and reason. The time at
which it will be through goes by the last minute, the channel's rate and its quota.

Example:
  $ herald campaign show spring --json`;

const PAUSE_HELP = `
Nothing of the campaign is granted from now on; what was granted before leaves within 2.5 seconds, requests in flight complete, and
what waits still expires. One that is done is left as it is.

Example:
  $ herald campaign pause spring`;

const RESUME_HELP = `
Example:
  $ herald campaign resume spring`;

const CANCEL_HELP = `
Without --yes the plan is printed and nothing is changed. What waits ends suppressed (cancelled), with a receipt for each message;
what is in flight or in doubt is resolved as usual. A cancelled campaign cannot be resumed or started again.

Examples:
  $ herald campaign cancel spring
  $ herald campaign cancel spring --yes`;

const list: Run<ChannelOption> = async (invocation) =>
  await withAdmin(invocation, async ({ campaigns }) => {
    const { output, options } = invocation;
    const found = await campaigns.list(options);
    if (output.json) for (const campaign of found) output.result(campaignDocument(campaign), () => '');
    else output.result(null, () => (found.length === 0 ? 'no campaigns' : campaignsTable(found, output)));
    return EXIT.done;
  });

const show: Run<ChannelOption> = async (invocation) =>
  await withAdmin(invocation, async ({ campaigns }) => {
    const { output, context, args, options } = invocation;
    const [id = ''] = args;
    const found = await campaigns.show(id, options);
    for (const campaign of found)
      output.result(campaignDocument(campaign), () => campaignText(campaign, output, context.clock.now()));
    return found.length === 0 ? unknownCampaign(id, options.channel, output.note) : EXIT.done;
  });

const control =
  (operation: 'pause' | 'resume'): Run<ChannelOption> =>
  async (invocation) =>
    await withAdmin(invocation, async ({ campaigns }) => {
      const { output, args, options } = invocation;
      const [id = ''] = args;
      const results = await campaigns[operation](id, options);
      if (results.length === 0) return unknownCampaign(id, options.channel, output.note);
      return reportControl(results, operation === 'pause' ? 'paused' : 'running', output);
    });

const cancel: Run<CancelCampaignOptions> = async (invocation) =>
  await withAdmin(invocation, (admin) => cancelCampaign(admin, invocation.args[0] ?? '', invocation));

export const addCampaign: AddCommand = (program, shell) => {
  const campaign = program
    .command('campaign')
    .description('Send one content to many recipients.')
    .addHelpText('after', GROUP_HELP);
  const named = (name: string) =>
    campaign
      .command(name)
      .argument('<id>', 'the campaign')
      .option('--channel <name>', 'only in this channel');
  addCampaignStart(campaign, shell);
  campaign
    .command('list')
    .description('List campaigns, the latest of a channel first.')
    .option('--channel <name>', 'only this channel')
    .addHelpText('after', LIST_HELP)
    .action(shell.action(list));
  named('show')
    .description('Show how far a campaign is.')
    .addHelpText('after', SHOW_HELP)
    .action(shell.action(show));
  named('pause')
    .description('Pause a campaign until it is resumed.')
    .addHelpText('after', PAUSE_HELP)
    .action(shell.action(control('pause')));
  named('resume')
    .description('Resume a paused campaign.')
    .addHelpText('after', RESUME_HELP)
    .action(shell.action(control('resume')));
  named('cancel')
    .description('Cancel a campaign for good.')
    .option('--yes', 'do it; without it only the plan is printed')
    .addHelpText('after', CANCEL_HELP)
    .action(shell.action(cancel));
};
