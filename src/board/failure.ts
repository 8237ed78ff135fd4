import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { problemsText } from '../message/problems.ts';
import { InvalidMessageError, UnknownChannelError } from '../producer/errors.ts';
import { RedisUnreachableError } from '../redis/connection-errors.ts';
import { icon } from './components/state.ts';
import { isBoardError } from './errors.ts';
import { html } from './html.ts';
import { to } from './links.ts';
import type { Screen } from './screen.ts';

/** The answer to a request that failed. */
export interface Failure {
  status: ContentfulStatusCode;
  screen: Screen;
  /** False for a bug, whose text is for the log. */
  expected: boolean;
}

export const failureScreen = (title: string, text: string): Screen => ({
  title,
  main: html`<section class="failure"><h1>${icon('warn')} ${title}</h1><p>${text}</p><p><a href="${to.now}">Back to Now</a></p></section>`,
});

const TITLES: Readonly<Record<number, string>> = {
  400: 'Not understood',
  403: 'Not allowed',
  404: 'Not found',
  408: 'Too slow',
  409: 'Changed meanwhile',
  413: 'Too large',
  429: 'Too many attempts',
};

export function failureOf(error: unknown): Failure {
  const expected = (status: ContentfulStatusCode, text: string): Failure => ({
    status,
    screen: failureScreen(TITLES[status] ?? 'Failed', text),
    expected: true,
  });
  if (isBoardError(error)) return expected(error.status, error.message);
  if (error instanceof UnknownChannelError) return expected(404, 'There is no such channel.');
  if (error instanceof InvalidMessageError) return expected(400, problemsText(error.problems));
  if (error instanceof RedisUnreachableError) {
    const text = 'Redis cannot be reached. Messages wait in the applications and in Redis until it is back.';
    return { status: 503, screen: failureScreen('Redis is away', text), expected: true };
  }
  const text = 'This screen could not be drawn. The log of the process has the reason.';
  return { status: 500, screen: failureScreen('Failed', text), expected: false };
}
