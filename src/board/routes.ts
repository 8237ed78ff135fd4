import { BASE } from './links.ts';
import { drawAudit } from './pages/audit.ts';
import { cancelCampaign, controlCampaign, drawCampaign } from './pages/campaign.ts';
import { drawCampaigns } from './pages/campaigns.ts';
import { drawChannel, pauseChannel, resumeChannel } from './pages/channel.ts';
import { drawDeadLetters } from './pages/dead-letters.ts';
import { drawPurge, purge } from './pages/dead-purge.ts';
import { drawReplay, startReplay } from './pages/dead-replay.ts';
import { cancelMessage, drawMessage, rescheduleMessage } from './pages/message.ts';
import { drawNow } from './pages/now.ts';
import { drawPlayer } from './pages/player.ts';
import { controlReplay, drawReplayProgress } from './pages/replay.ts';
import { drawSearch } from './pages/search.ts';
import type { Draw, FormAction } from './screen.ts';

/** Every screen of the board, by its address. All roles see the same, except for actions that a role may not take. */
export const screens: readonly (readonly [path: string, draw: Draw])[] = [
  [BASE, drawNow],
  [`${BASE}/channels/:channel`, drawChannel],
  [`${BASE}/channels/:channel/player`, drawPlayer],
  [`${BASE}/messages/:id`, drawMessage],
  [`${BASE}/dead-letters`, drawDeadLetters],
  [`${BASE}/dead-letters/replay`, drawReplay],
  [`${BASE}/dead-letters/purge`, drawPurge],
  [`${BASE}/campaigns`, drawCampaigns],
  [`${BASE}/campaigns/:channel/:id`, drawCampaign],
  [`${BASE}/replays/:id`, drawReplayProgress],
  [`${BASE}/audit`, drawAudit],
  [`${BASE}/search`, drawSearch],
];

/** Every form that changes something: for operators only. */
export const actions: readonly (readonly [path: string, act: FormAction])[] = [
  [`${BASE}/channels/:channel/pause`, pauseChannel],
  [`${BASE}/channels/:channel/resume`, resumeChannel],
  [`${BASE}/messages/:id/cancel`, cancelMessage],
  [`${BASE}/messages/:id/reschedule`, rescheduleMessage],
  [`${BASE}/dead-letters/replay`, startReplay],
  [`${BASE}/dead-letters/purge`, purge],
  [`${BASE}/campaigns/:channel/:id/pause`, controlCampaign('pause')],
  [`${BASE}/campaigns/:channel/:id/resume`, controlCampaign('resume')],
  [`${BASE}/campaigns/:channel/:id/cancel`, cancelCampaign],
  [`${BASE}/replays/:id/pause`, controlReplay('pause')],
  [`${BASE}/replays/:id/resume`, controlReplay('resume')],
  [`${BASE}/replays/:id/cancel`, controlReplay('cancel')],
];
