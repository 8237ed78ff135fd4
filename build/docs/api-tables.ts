import { apiRoutes } from '../../src/api/api.ts';
import { problemsOf } from '../../src/api/openapi.ts';
import { PROBLEMS, type ProblemCode } from '../../src/api/problem.ts';
import { markdownTable } from './markdown-table.ts';

/** Tables of the HTTP API. Routes are described without what they work with. */
const routes = apiRoutes({} as never);

export const routeTable = (): string =>
  markdownTable(
    ['request', 'scope', 'body', 'does', 'answers'],
    routes.map(({ method, path, scope, body = {}, summary, answers }) => [
      `\`${method.toUpperCase()} ${path}\``,
      scope === 'public' ? 'none' : `\`${scope}\``,
      Object.keys(body).map(code).join(', '),
      summary,
      Object.keys(answers).map(code).join(', '),
    ]),
  );

const code = (text: string): string => `\`${text}\``;

/** What a client does about a problem. */
const ADVICE: Readonly<Record<ProblemCode, string>> = {
  bad_request: 'Mend the request: JSON, UTF-8, parameters, headers.',
  unauthorized: 'Send a token that is valid: `Authorization: Bearer …`.',
  forbidden: 'Use a token with the scope, and for the channel, that `detail` names.',
  not_found: 'Look at the id and the path.',
  method_not_allowed: '`Allow` has the methods of the path.',
  request_timeout: 'Send the body within 30 s; a stream may take any time.',
  conflict: 'Nothing: it is under way or final, or exists with other content.',
  too_large: 'Send at most 1 MiB, or a stream of messages.',
  unsupported_media_type: 'Send one of the types in `Accept`, uncompressed.',
  invalid: 'Mend the fields that `errors` points to.',
  unknown_channel: 'Name a channel that is configured or served; `detail` names those that the token is for.',
  idempotency_key_reused: 'Choose another key for another body.',
  rate_limited: 'Wait for `Retry-After`.',
  internal: 'Report it: the log of the server has a line.',
  unavailable:
    'Repeat it after `Retry-After`, with the same id or key: Redis does not answer or is full, or the process stops.',
};

const ALL = new Set(routes.flatMap(problemsOf).concat('method_not_allowed'));

export const problemTable = (): string =>
  markdownTable(
    ['status', '`code`', 'title', 'what to do'],
    (Object.keys(PROBLEMS) as ProblemCode[])
      .filter((each) => ALL.has(each))
      .map((each) => [String(PROBLEMS[each].status), code(each), PROBLEMS[each].title, ADVICE[each]]),
  );
