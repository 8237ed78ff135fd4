import { renderContent } from '../content/render.ts';
import { checkData } from '../message/campaign.ts';
import { renderedOrProblem } from '../message/fit.ts';
import type { Problem } from '../message/problems.ts';
import type { CampaignRules, CheckedRecipient, PreparedCampaign } from './campaign-spec.ts';
import { InvalidMessageError } from './errors.ts';

/** Whether a campaign's content can be rendered for its recipients. */
export interface RenderingCheck {
  /**
   * The result that recipients share who bring no data and are named by one plain value: found once for all of them.
   * Undefined for others, which `own` is for.
   * @throws InvalidMessageError for content that can be rendered for nobody
   */
  shared(recipient: CheckedRecipient, rules: CampaignRules): Problem[] | undefined;
  own(recipient: CheckedRecipient): Problem[];
}

export function createRenderingCheck({ definition, common }: PreparedCampaign): RenderingCheck {
  let settings: CampaignRules['settings'];
  /** By the field that names the recipients. */
  let found = new Map<string, Problem[]>();

  const render = (to: unknown, data: unknown): Problem[] => {
    const rendered = renderedOrProblem(() => definition.render({ ...common, to, data }, settings));
    return typeof rendered === 'string' ? [] : [rendered];
  };
  function withoutData({ recipient: { to }, plain }: CheckedRecipient): Problem[] {
    const field = plain ?? '';
    const known = found.get(field);
    if (known) return known;
    const problems = render(to, common.data);
    if (problems.some(({ path }) => isOfCampaign(path, common.data !== undefined)))
      throw new InvalidMessageError(problems);
    found.set(field, problems);
    return problems;
  }

  return {
    shared(checked, rules) {
      // Announced again, the channel may have other limits.
      if (rules.settings !== settings) {
        settings = rules.settings;
        found = new Map();
      }
      // For others as well: a fault of the campaign is not to be told of each of its recipients.
      const problems = withoutData(checked);
      return checked.plain !== undefined && checked.recipient.data === undefined ? problems : undefined;
    },
    own({ recipient: { to, data } }) {
      if (data === undefined) return render(to, common.data);
      if (common.data === undefined) return render(to, data);
      const merged = { ...common.data, ...data };
      const checked = checkData(merged);
      return 'problems' in checked ? checked.problems : render(to, merged);
    },
  };
}

/** @throws InvalidMessageError for content that can be rendered for nobody, as far as that shows without a recipient */
export function checkContent({ definition: { dialect }, common }: PreparedCampaign): void {
  if (!dialect) return;
  const rendered = renderedOrProblem(() => renderContent(common, dialect));
  if (typeof rendered !== 'string' && isOfCampaign(rendered.path, common.data !== undefined))
    throw new InvalidMessageError([rendered]);
}

/** Whether no other recipient would help, nor data of its own. */
const isOfCampaign = (path: string, hasData: boolean): boolean =>
  path !== 'to' && !path.startsWith('to.') && !path.startsWith('data.') && (path !== 'data' || hasData);
