import type { Admin } from '../../admin/admin.ts';
import { EXIT, type ExitCode } from '../context.ts';
import { printable } from '../output.ts';
import type { Invocation } from '../shell.ts';
import { campaignDocument } from './campaign-view.ts';

export interface CancelCampaignOptions {
  channel?: string;
  yes?: boolean;
}

/** Nothing brings back what is cancelled: without --yes only the plan is printed. */
export async function cancelCampaign(
  { campaigns }: Admin,
  id: string,
  { output, options }: Invocation<CancelCampaignOptions>,
): Promise<ExitCode> {
  const found = await campaigns.show(id, options);
  if (found.length === 0) return unknownCampaign(id, options.channel, output.note);
  if (options.yes !== true) {
    for (const campaign of found)
      output.result({ dry_run: true, ...campaignDocument(campaign) }, () =>
        campaign.state === 'cancelled'
          ? `${printable(id)} in channel ${campaign.channel}: cancelled before`
          : `${printable(id)} in channel ${campaign.channel}: ${campaign.waiting} waiting and ${campaign.underWay} under way would be cancelled, but for those being sent; use --yes to cancel it.`,
      );
    return EXIT.done;
  }
  return reportControl(await campaigns.cancel(id, options), 'cancelled', output);
}

export function reportControl(
  results: readonly { id: string; channel: string; status: string }[],
  wanted: string,
  output: Invocation['output'],
): ExitCode {
  for (const result of results)
    output.result(result, () => `${printable(result.id)} in channel ${result.channel}: ${result.status}`);
  return results.every(({ status }) => status === wanted) ? EXIT.done : EXIT.partly;
}

export function unknownCampaign(
  id: string,
  channel: string | undefined,
  note: (line: string) => void,
): ExitCode {
  const where = channel === undefined ? 'any channel' : `channel ${channel}`;
  note(`herald: no campaign ${JSON.stringify(id)} in ${where}: never started, or expired`);
  return EXIT.partly;
}
