import { CHANNELS, type Channel, TITLES } from './channels.ts';
import type { Balance } from './figures.ts';
import type { Paint } from './paint.ts';
import { number } from './view.ts';

/** What is promised on each platform, one line each, with the figures that it is judged by. Pure. */

const PROMISED: Record<Channel, string> = {
  kongregate: 'no player more than one',
  zulip: 'each message exactly once',
  discourse: 'each message exactly once',
  usercom: 'no message twice',
};

export function promiseLines(balances: Readonly<Record<Channel, Balance>>, paint: Paint): string {
  const line = (holds: boolean, text: string): string =>
    `${holds ? paint('green', 'yes') : paint('red', 'NO ')}  ${text}`;
  const all = CHANNELS.map((channel) => balances[channel]);
  const finals = all.reduce((sum, balance) => sum + balance.finals, 0);
  return [
    line(
      all.every(({ promises }) => promises.one_final_state),
      `each message has exactly one final state (${number(finals)})`,
    ),
    ...CHANNELS.map((channel) => {
      const { promises, ...figures } = balances[channel];
      const holds = promises.receipts_agree && promises.nobody_twice && promises.all_delivered !== false;
      return line(holds, `${TITLES[channel]}: ${PROMISED[channel]} (${judgedBy(channel, figures)})`);
    }),
  ].join('\n');
}

/** User.com's unconfirmed ones may be among what it accepted: it cannot be asked. */
function judgedBy(
  channel: Channel,
  { delivered, unconfirmed, platform }: Pick<Balance, 'delivered' | 'unconfirmed' | 'platform'>,
): string {
  const doubtful = channel === 'usercom' ? [`${number(unconfirmed)} unconfirmed`] : [];
  return [`${number(delivered)} delivered`, ...doubtful, `${number(platform.accepted)} accepted`].join(', ');
}
