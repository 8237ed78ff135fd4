import { z } from 'zod';
import { zulipDialect } from '../../src/content/dialects/zulip.ts';
import { renderContent } from '../../src/content/render.ts';
import { baseUrlField, secretField } from '../../src/platforms/channel-fields.ts';
import { createHttpClient } from '../../src/platforms/http/client.ts';
import { outcomeOfStrangeStatus, outcomeWithoutAnswer } from '../../src/platforms/http/outcome.ts';
import { definePlatform } from '../../src/platforms/port.ts';

/** A fifth platform, as the guide to adding one says: this file, and a line in a registry. */

export const webhook = definePlatform({
  name: 'webhook',
  messageShape: { to: z.strictObject({ hook: z.string().regex(/^[a-z0-9-]+$/) }) },
  channelShape: { baseUrl: baseUrlField, token: secretField },
  defaults: { eligibility: false, quota: false },
  resolution: 'keep',
  account: () => 'webhook',
  recipient: ({ to }) => ({ addressing: 'hook', key: to.hook }),
  render: (message) => renderContent(message, zulipDialect),
  connect: (settings, { dispatcher }) => {
    const http = createHttpClient(settings, dispatcher);
    const headers = ['authorization', `Bearer ${settings.token}`, 'content-type', 'application/json'];
    return {
      send: async ({ message, content, signal }) => {
        const path = `/hooks/${message.to.hook}`;
        const body = JSON.stringify({ text: content });
        const result = await http.request({ method: 'POST', path, headers, body, signal });
        if (result.kind !== 'answered') return outcomeWithoutAnswer(result);
        if (result.status === 204) return { kind: 'delivered', reason: 'sent' };
        return outcomeOfStrangeStatus(result, {
          now: Date.now(),
          unspeakable: { secrets: [settings.token], content },
        });
      },
      close: () => http.close(),
    };
  },
});
