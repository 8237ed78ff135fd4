import type { BackgroundReplay, ReplayOrder } from '../../admin/background-replays.ts';
import { channelLinks } from '../components/channel-links.ts';
import { figures, progress } from '../components/figures.ts';
import { act } from '../components/forms.ts';
import { state, type Tone } from '../components/state.ts';
import { facts } from '../components/table.ts';
import { when } from '../components/time.ts';
import { NotFound } from '../errors.ts';
import { type Html, html } from '../html.ts';
import { type DeadFilter, to } from '../links.ts';
import { withNotice } from '../notices.ts';
import type { Draw, FormAction, Visit } from '../screen.ts';
import type { View } from '../view.ts';
import { mayOperate } from '../view.ts';
import { count, duration, spoken } from '../words.ts';

/** A background replay of dead letters. */

const REFRESH_MS = 1_000;

export const TONES: Readonly<Record<BackgroundReplay['state'], Tone>> = {
  running: 'note',
  paused: 'warn',
  cancelled: 'idle',
  done: 'good',
};

/** How many letters it has processed. */
export const stepsOf = ({ replayed, gone, failed }: BackgroundReplay): number => replayed + gone + failed;

/** Milliseconds from now; null if it is paused, or done. */
export const leftMs = (replay: BackgroundReplay): number | null =>
  replay.state === 'running'
    ? (Math.max(0, replay.letters - stepsOf(replay)) / replay.perSecond) * 1000
    : null;

async function find({ backend, seesReplay }: View, id: string): Promise<BackgroundReplay> {
  const replay = await backend.replays.show(id);
  if (!replay || !seesReplay(replay))
    throw new NotFound('There is no such replay: it is kept for a week after its end.');
  return replay;
}

export const drawReplayProgress: Draw = async (visit) => {
  const { view, now } = visit;
  const replay = await find(view, visit.param('id'));
  const { letters, by, scope, perSecond, endedAt } = replay;
  const steps = stepsOf(replay);
  const left = leftMs(replay);
  const isOver = endedAt !== null || replay.state === 'cancelled';
  return {
    title: 'Replay',
    section: 'campaigns',
    refreshMs: isOver ? undefined : REFRESH_MS,
    main: html`<div class="heading"><div><h1>Replay of ${count(letters)} dead letters</h1><p class="muted">${state(TONES[replay.state], replay.state)} · begun by ${by.name} ${when(replay.startedAt, now)}</p></div>
      ${!isOver && mayOperate(view.user) && controls(replay, visit)}</div>
      <p class="progress-line">${progress(steps, letters, `${count(steps)} of ${count(letters)} dead letters`)}<span>${count(steps)} of ${count(letters)}</span></p>
      ${figures([
        { name: 'Replayed', value: count(replay.replayed) },
        { name: 'Gone meanwhile', value: count(replay.gone), note: 'replayed by others, or delivered' },
        {
          ...{ name: 'Stay dead', value: count(replay.failed) },
          note: 'in flight, their id is taken, or too large to keep',
        },
        { name: 'Left', value: left === null ? '–' : duration(left), note: `${count(perSecond)} a second` },
      ])}
      <section><h2>What it takes</h2>${facts([
        ['Channels', channelLinks(scope.channels)],
        [
          'Reasons',
          scope.reasons.length === 0 ? 'all that can be replayed' : scope.reasons.map(spoken).join(', '),
        ],
        scope.detail !== undefined && ['What was said', html`<span class="detail">${scope.detail}</span>`],
        scope.campaign !== undefined && ['Campaign', scope.campaign],
        scope.since !== null && ['Died since', when(scope.since, now)],
        ['Died before', when(scope.until, now)],
        endedAt !== null && ['Ended', when(endedAt, now)],
      ])}</section>
      <p><a href="${to.dead(whatIsLeft(scope))}">Dead letters that are left</a> · <a href="${to.campaigns}">Campaigns and replays</a></p>`,
  };
};

/** The remaining letters of its scope, as far as a filter by one channel and reason can select them. */
const whatIsLeft = ({ channels, reasons, detail, campaign }: BackgroundReplay['scope']): DeadFilter => ({
  channel: channels.length === 1 ? channels[0] : undefined,
  reason: reasons.length === 1 ? reasons[0] : undefined,
  detail,
  campaign,
});

function controls({ id, state: now }: BackgroundReplay, { csrf }: Visit): Html {
  const target = (order: ReplayOrder) => ({ action: `${to.replay(id)}/${order}`, csrf });
  return html`<div class="actions">
    ${now === 'paused' ? act(target('resume'), 'Resume', {}, 'primary') : act(target('pause'), 'Pause')}
    ${act(target('cancel'), 'Cancel the replay', {}, 'danger')}
  </div>`;
}

const DONE = { pause: 'paused', resume: 'resumed', cancel: 'replay_cancelled' } as const;

export const controlReplay =
  (order: ReplayOrder): FormAction =>
  async ({ view, param }) => {
    const { id } = await find(view, param('id'));
    const changed = await view.backend.replays.control(id, order, { via: 'board', name: view.user.name });
    return withNotice(to.replay(id), changed ? DONE[order] : 'unchanged');
  };
