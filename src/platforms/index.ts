/**
 * `herald/platform`: what a custom platform is made of. It is passed to `createWorker`, `createProducer` and
 * `createAdmin` as `platforms: { <name>: definition }`; docs/library.md shows one.
 */

export { z } from 'zod';
export { discourseDialect } from '../content/dialects/discourse.ts';
export { htmlDialect } from '../content/dialects/html.ts';
export { zulipDialect } from '../content/dialects/zulip.ts';
export { checkContent, type Dialect, renderContent } from '../content/render.ts';
export { confidential, quotable, secret } from '../disclosure.ts';
export type { Outcome } from '../outcome.ts';
export { baseUrlField, headerField, secretField } from './channel-fields.ts';
export { createHttpClient, type HttpClient, type HttpRequest, type HttpSettings } from './http/client.ts';
export {
  type AnswerContext,
  outcomeOfRateLimit,
  outcomeOfStrangeStatus,
  outcomeWithoutAnswer,
  withRest,
} from './http/outcome.ts';
export type { HttpAnswer, HttpResult } from './http/result.ts';
export * from './port.ts';
