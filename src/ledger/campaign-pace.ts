/** How fast a campaign goes: `save_campaign_counts` in campaigns.lua counts its ends by steps of ten seconds, in a ring. */

const STEP_MS = 10_000;
/** A minute of whole steps. */
const STEPS = 6;

/**
 * @param fields of the campaign's hash: `pace:<n>` → `<step> <ends>`
 * @param now milliseconds since the epoch, as the steps
 * @returns ends a minute, lately; 0 where the last minute saw none
 */
export function campaignPace(fields: Readonly<Record<string, string>>, now: number): number {
  const current = Math.floor(now / STEP_MS);
  const recent = Object.entries(fields)
    .filter(([name]) => name.startsWith('pace:'))
    .map(([, text]) => text.split(' ').map(Number) as [step: number, ends: number])
    .filter(([step]) => step >= current - STEPS && step <= current);
  if (recent.length === 0) return 0;
  const ends = recent.reduce((sum, [, count]) => sum + count, 0);
  const from = Math.min(...recent.map(([step]) => step)) * STEP_MS;
  return Math.round((ends * 60_000) / Math.max(now - from, STEP_MS));
}
