import { platformText, type Unspeakable } from '../platform-text.ts';
import { type HttpAnswer, headerOf } from './result.ts';

/** The longest excerpt of an answer's body. */
const FIRST_WORDS_CHARS = 80;
/** How much of a body is searched for its first words. */
const SCANNED_CHARS = 8_192;
/** The title of a login page says more than its first bytes, which are markup and scripts. */
const TITLE = /<title[^>]*>([^<]{1,400})/i;
const UNSEEN =
  /<(script|style|svg|noscript)\b[^>]*>[\s\S]*?(?:<\/\1\s*>|$)|<!--[\s\S]*?(?:-->|$)|<[^>]*(?:>|$)/gi;

/**
 * Describes a response that is not from the platform's API, for the person who has to find out what answers at its address: the status,
 * where a redirect leads, the type and the first words, without keys or content.
 */
export function describeAnswer(answer: HttpAnswer, unspeakable: Unspeakable): string {
  const { status, text } = answer;
  const target = headerOf(answer, 'location');
  const to = target === undefined ? '' : ` to ${platformText(withoutQuery(target), unspeakable)}`;
  const type = platformText(headerOf(answer, 'content-type')?.replace(/;.*$/s, '') ?? '', unspeakable);
  const words = firstWords(text, unspeakable);
  const said = words === '' ? 'an empty body' : `"${words}"`;
  const check = status >= 300 && status < 400 ? ': check baseUrl' : '';
  return `HTTP ${status}${to}, not a response of the API (${type === '' ? '' : `${type}, `}${said})${check}`;
}

/** A query may contain what was sent, or a token. */
function withoutQuery(target: string): string {
  const [address = ''] = target.split(/[?#]/, 1);
  return address.replace(/\/\/[^/@]*@/, '//');
}

function firstWords(body: string, unspeakable: Unspeakable): string {
  const head = body.slice(0, SCANNED_CHARS);
  const visible = /^\s*</.test(head) ? (TITLE.exec(head)?.[1] ?? head.replace(UNSEEN, ' ')) : head;
  const words = platformText(visible, unspeakable);
  return words.length > FIRST_WORDS_CHARS
    ? `${words.slice(0, FIRST_WORDS_CHARS).replace(/[\uD800-\uDBFF]$/, '')}…`
    : words;
}
