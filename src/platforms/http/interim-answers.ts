import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/**
 * Lets undici live with `100 Continue`: it takes that status, which any proxy may send before the answer (RFC 9110,
 * 15.2.1), for a broken answer and drops the connection, though it passes over 102 and 103. So its sockets show it
 * a 102 in place of a 100.
 */
export function connectorPastContinue(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) =>
    connect(target, (...[error, socket]) => {
      if (error !== null) callback(error, null);
      else callback(null, watched(socket));
    });
}

function watched<S extends Socket>(socket: S): S {
  const answer = new AnswerStart();
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.read = (size) => {
    const chunk = read(size);
    if (chunk !== null) answer.pass(chunk);
    return chunk;
  };
  // One request at a time: what comes after a write is the start of an answer.
  socket.write = (...args: unknown[]) => {
    answer.expect();
    return write(...args);
  };
  return socket;
}

/** Where the answer that is being read stands: in its first status line, in the rest of an interim one, or past all. */
type Part = 'status' | 'interim' | 'final';

const [ZERO, ONE, TWO, CR, LF] = [0x30, 0x31, 0x32, 0x0d, 0x0a];
/** Places within `HTTP/1.1 100`. */
const [CLASS, TENS, UNITS] = [9, 10, 11];

/** Looks at the bytes one by one, since a status line may come in pieces; the body of an answer is never looked at. */
export class AnswerStart {
  #part: Part = 'final';
  /** Within the line. */
  #place = 0;
  #hundred = false;

  expect(): void {
    this.#part = 'status';
    this.#place = 0;
  }

  /** Turns a 100 in these bytes into a 102. */
  pass(bytes: Buffer): void {
    for (let i = 0; i < bytes.length && this.#part !== 'final'; i += 1) {
      const byte = bytes[i];
      if (this.#part === 'interim') this.#passInterim(byte);
      else if (this.#passStatus(byte)) bytes[i] = TWO;
    }
  }

  /** @returns whether this is the last figure of a 100 */
  #passStatus(byte: number | undefined): boolean {
    // Empty lines may stand before a status line.
    if (this.#place === 0 && (byte === CR || byte === LF)) return false;
    const place = this.#place;
    this.#place += 1;
    if (place < CLASS) return false;
    if (place === CLASS && byte !== ONE) this.#part = 'final';
    else if (place === TENS) this.#hundred = byte === ZERO;
    else if (place === UNITS) {
      this.#part = 'interim';
      return this.#hundred && byte === ZERO;
    }
    return false;
  }

  #passInterim(byte: number | undefined): void {
    if (byte === LF && this.#place === 0) this.expect();
    else if (byte === LF) this.#place = 0;
    else if (byte !== CR) this.#place += 1;
  }
}
