import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { type Abortable, AbortWatch } from './abort-watch.ts';
import { codingsOf, decodeBody } from './content-coding.ts';
import type { HttpResult, Lost } from './result.ts';

/** Far above an API's answer to a message, and far below what would hurt a worker with a thousand requests open. */
export const MAX_ANSWER_BYTES = 64 * 1024;

const LOST_BY_CODE: Readonly<Record<string, Lost['reason']>> = {
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'unreadable_answer',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'unreadable_answer',
};

/**
 * Follows one request through undici's dispatch. `onRequestStart` is called right before the first byte is written, so an end without it
 * proves that nothing reached the platform; no error code proves that. An object with methods in place of closures, which costs one
 * allocation per request.
 */
export class Exchange implements Dispatcher.DispatchHandler, Abortable {
  place = -1;
  #ended = false;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #bytes = 0;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  readonly #watch: AbortWatch;
  readonly #maxBytes: number;
  readonly #statusSuffices: boolean;
  readonly #settle: (result: HttpResult) => void;

  constructor(
    signal: AbortSignal,
    settle: (result: HttpResult) => void,
    maxAnswerBytes: number = MAX_ANSWER_BYTES,
    statusSuffices: boolean = false,
  ) {
    this.#maxBytes = maxAnswerBytes;
    this.#statusSuffices = statusSuffices;
    this.#watch = AbortWatch.of(signal);
    this.#settle = settle;
    if (signal.aborted) this.handleEvent();
    else this.#watch.add(this);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The signal aborted. */
  handleEvent(): void {
    if (this.#controller !== undefined) this.#giveUp('timeout', 'aborted at the deadline');
    else this.#end({ kind: 'not_connected', detail: 'aborted before the request was written' });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended) {
      controller.abort(new Error('ended before it was written'));
    } else if (this.#controller !== undefined) {
      // A message must not be written a second time, as an interceptor that retries would.
      controller.abort(new Error('already written'));
      this.#lost('connection_lost', 'the dispatcher tried to resend the request');
    } else {
      this.#controller = controller;
    }
  }

  onResponseStart(_controller: unknown, status: number, headers: IncomingHttpHeaders): void {
    // An interim answer (1xx): the one that counts is still to come.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (Number(headers['content-length']) > this.#maxBytes) this.#oversize();
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#oversize();
    else if (this.#first === undefined) this.#first = chunk;
    else if (this.#more === undefined) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
  }

  onResponseEnd(): void {
    const body = this.#more === undefined ? this.#first : Buffer.concat(this.#more);
    const codings = codingsOf(this.#headers['content-encoding']);
    if (body === undefined || codings.length === 0) this.#answered(body);
    else void this.#decode(body, codings);
  }

  onResponseError(_controller: unknown, error: Error): void {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
    if (this.#controller === undefined) this.#end({ kind: 'not_connected', detail: code });
    // llhttp has many error codes of its own, and some parser errors have none.
    else if (error.name === 'HTTPParserError') this.#lost('unreadable_answer', code);
    else this.#lost(LOST_BY_CODE[code] ?? 'connection_lost', code);
  }

  async #decode(body: Buffer, codings: string[]): Promise<void> {
    const decoded = await decodeBody(body, codings, this.#maxBytes);
    if (decoded.kind === 'too_large') this.#oversize();
    // An unreadable body counts as no text; the status still counts.
    else this.#answered(decoded.kind === 'decoded' ? decoded.body : undefined);
  }

  #answered(body: Buffer | undefined): void {
    const text = body === undefined ? '' : body.toString('utf8');
    this.#end({ kind: 'answered', status: this.#status, headers: this.#headers, text });
  }

  #oversize(): void {
    this.#giveUp('unreadable_answer', `response larger than ${this.#maxBytes} bytes`);
  }

  #giveUp(reason: Lost['reason'], detail: string): void {
    this.#lost(reason, detail);
    this.#controller?.abort(new Error(detail));
  }

  #lost(reason: Lost['reason'], detail: string): void {
    if (this.#statusSuffices && this.#status !== 0) this.#answered(undefined);
    else this.#end({ kind: 'lost', reason, detail });
  }

  #end(result: HttpResult): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watch.delete(this);
    this.#settle(result);
  }
}
