import { messages, REQUEST_HEADERS, REQUEST_PATH, requestBody } from '../messages.ts';
import { CONCURRENCY, type Contender, openPool, plainSend } from './contender.ts';

/** The HTTP client alone, by its `request`: no queue can be faster that uses it. */
export const request: Contender = {
  async work({ sink, count }) {
    const send = plainSend(sink);
    const source = messages(count);
    const lane = async (): Promise<void> => {
      for (const message of source) await send(message);
    };
    void Promise.all(Array.from({ length: CONCURRENCY }, lane));
  },
};

/** By its `dispatch`, the call beneath `request`. */
export const dispatch: Contender = {
  async work({ sink, count }) {
    const pool = openPool(sink);
    const source = messages(count);
    const next = (): void => {
      const { value: message } = source.next();
      if (message === undefined) return;
      pool.dispatch(
        { method: 'POST', path: REQUEST_PATH, headers: REQUEST_HEADERS, body: requestBody(message) },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd: next,
          onResponseError(_controller, error) {
            throw error;
          },
        },
      );
    };
    for (let lane = 0; lane < CONCURRENCY; lane++) next();
  },
};
