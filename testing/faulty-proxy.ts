import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { reservePort } from '../src/sandbox/free-port.ts';

/** A TCP proxy in front of a server on the loopback that fails in the ways networks fail. */
export interface FaultyProxy {
  readonly port: number;
  /** Connections open at this moment. */
  readonly connections: number;
  /** Resets every connection. */
  cut(): void;
  /** Leads connections made from now on to another port. */
  redirect(port: number): void;
  /** Lets the next request on any connection arrive, and breaks that connection in place of its answer. */
  loseAnswer(): void;
  /** Holds every answer until `releaseAnswers`: what a request does is done, and its sender does not know yet. */
  holdAnswers(): void;
  releaseAnswers(): void;
  /**
   * Makes the present connections half-open: they drop everything, in both directions.
   * @param ms after which they break; never when absent
   */
  halfOpen(ms?: number): void;
  /** Delays everything by this much, for this long. Milliseconds. */
  delay(byMs: number, forMs: number): void;
  /** Resets every connection and refuses new ones. @param ms for this long; until `accept` when absent */
  refuse(ms?: number): Promise<void>;
  /** Ends a refusal. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

interface Link {
  readonly ends: readonly [client: Socket, server: Socket];
  readonly answers: Direction;
  drops: boolean;
  losesAnswer: boolean;
}

/** One direction of a link. It keeps the order of its bytes when delays begin and end, as every network does. */
interface Direction {
  readonly to: Socket;
  readonly waiting: { at: number; chunk: Buffer }[];
}

/** @param upstream the port of the server behind the proxy */
export async function openFaultyProxy(upstream: number): Promise<FaultyProxy> {
  let target = upstream;
  const links = new Set<Link>();
  const timers = new Set<NodeJS.Timeout>();
  let losing = false;
  let holding = false;
  let delayMs = 0;
  let closed = false;

  function after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  }

  function breakOff(link: Link): void {
    links.delete(link);
    for (const socket of link.ends) socket.resetAndDestroy();
  }

  function pass(link: Link, direction: Direction, chunk: Buffer): void {
    if (link.drops) return;
    direction.waiting.push({ at: performance.now() + delayMs, chunk });
    if (holding && direction === link.answers) return;
    if (direction.waiting.length === 1) forward(direction);
  }

  function forward(direction: Direction): void {
    for (let next = direction.waiting[0]; next; next = direction.waiting[0]) {
      const waitMs = next.at - performance.now();
      if (waitMs > 0) {
        after(Math.ceil(waitMs), () => forward(direction));
        return;
      }
      direction.waiting.shift();
      if (!direction.to.destroyed) direction.to.write(next.chunk);
    }
  }

  const listener = createServer({ noDelay: true }, (client) => {
    const server = connect({ port: target, host: '127.0.0.1', noDelay: true });
    const requests: Direction = { to: server, waiting: [] };
    const answers: Direction = { to: client, waiting: [] };
    const link: Link = { ends: [client, server], answers, drops: false, losesAnswer: false };
    links.add(link);
    client.on('data', (chunk) => {
      if (losing) {
        losing = false;
        link.losesAnswer = true;
      }
      pass(link, requests, chunk);
    });
    server.on('data', (chunk) => (link.losesAnswer ? breakOff(link) : pass(link, answers, chunk)));
    for (const socket of link.ends) {
      socket.on('error', () => {}); // `close` follows.
      socket.on('close', () => {
        const held = holding && socket === server && link.answers.waiting.length > 0;
        if (!link.drops && links.has(link) && !held) breakOff(link);
      });
    }
  });

  // While it refuses connections, nobody else may listen there.
  const { port, release } = await reservePort();
  const listen = () => once(listener.listen(port, '127.0.0.1'), 'listening');
  await listen();

  const cut = (): void => {
    for (const link of links) breakOff(link);
  };
  async function stopListening(): Promise<void> {
    const ended = listener.listening ? once(listener, 'close') : undefined;
    if (ended) listener.close();
    cut();
    await ended;
  }

  return {
    port,
    get connections() {
      return links.size;
    },
    cut,
    redirect(other) {
      target = other;
    },
    loseAnswer() {
      losing = true;
    },
    holdAnswers() {
      holding = true;
    },
    releaseAnswers() {
      holding = false;
      for (const link of links) {
        forward(link.answers);
        const [client, server] = link.ends;
        if (server.destroyed) client.end();
      }
    },
    halfOpen(ms) {
      const dropping = [...links];
      for (const link of dropping) link.drops = true;
      if (ms !== undefined) after(ms, () => dropping.forEach(breakOff));
    },
    delay(byMs, forMs) {
      delayMs = byMs;
      after(forMs, () => {
        delayMs = 0;
      });
    },
    async refuse(ms) {
      if (!listener.listening) return;
      await stopListening();
      if (ms === undefined) return;
      after(ms, () => {
        if (!closed && !listener.listening) listener.listen(port, '127.0.0.1');
      });
    },
    async accept() {
      if (!listener.listening) await listen();
    },
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      await stopListening();
      release();
    },
  };
}
