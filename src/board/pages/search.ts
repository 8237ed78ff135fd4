import { empty, table } from '../components/table.ts';
import { html } from '../html.ts';
import { to } from '../links.ts';
import type { Draw } from '../screen.ts';
import type { View } from '../view.ts';
import { fieldsText } from '../words.ts';

/** Finds a message, a campaign or a recipient by what people know of it. */

interface Hit {
  kind: 'message' | 'campaign' | 'recipient';
  name: string;
  channel: string;
  href: string;
}

export const drawSearch: Draw = async (visit) => {
  const text = (visit.query('q') ?? '').trim();
  const hits = text === '' ? [] : await find(visit.view, text);
  // A single certain hit is what was searched for; a recipient may exist on every channel.
  const sure = hits.filter(({ kind }) => kind !== 'recipient');
  if (sure.length === 1) return { goTo: sure[0]!.href };
  if (sure.length === 0 && hits.length === 1) return { goTo: hits[0]!.href };
  return {
    title: 'Search',
    main: html`<h1>Search</h1><p class="muted">For <span class="id">${text}</span></p>${
      hits.length === 0
        ? empty(
            'Nothing has this id, and no channel has such a recipient. Give the whole id of a message or a campaign, or a recipient as a number, a name, an e-mail address or JSON.',
          )
        : table(
            'What was found',
            [
              { head: 'What', cell: ({ name, href }) => html`<a class="id" href="${href}">${name}</a>` },
              { head: 'Kind', cell: ({ kind }) => kind },
              { head: 'Channel', cell: ({ channel }) => channel },
            ],
            hits,
          )
    }`,
  };
};

async function find(view: View, text: string): Promise<Hit[]> {
  const [messages, campaigns, recipients] = await Promise.all([
    view.admin.explain(text),
    view.admin.campaigns.show(text),
    recipientsLike(view, text),
  ]);
  return [
    ...view.mine(messages).map(({ id, channel }) => hit('message', id, channel, to.message(id, channel))),
    ...view.mine(campaigns).map(({ id, channel }) => hit('campaign', id, channel, to.campaign(channel, id))),
    ...recipients.map(({ channel, recipient }) =>
      hit('recipient', fieldsText(recipient), channel, to.player(channel, recipient)),
    ),
  ];
}

const hit = (kind: Hit['kind'], name: string, channel: string, href: string): Hit => ({
  kind,
  name,
  channel,
  href,
});

/** The recipients that a text may mean, in the shapes that platforms have; JSON is used as it is. */
function shapesOf(text: string): unknown[] {
  if (text.startsWith('{')) {
    try {
      return [JSON.parse(text)];
    } catch {
      return [];
    }
  }
  if (text.includes('@')) return [{ emails: [text] }];
  const number = Number(text);
  if (/^\d{1,15}$/.test(text)) return [{ userId: number }, { userIds: [number] }, { conversationId: number }];
  return [{ username: text }, { usernames: [text] }];
}

/** Of each channel whose platform has such recipients. */
async function recipientsLike(view: View, text: string): Promise<{ channel: string; recipient: unknown }[]> {
  const found = await Promise.all(
    (await view.channels()).map(async (channel) => {
      for (const recipient of shapesOf(text)) {
        if (await view.backend.hasRecipient(channel, recipient)) return [{ channel, recipient }];
      }
      return [];
    }),
  );
  return found.flat();
}
