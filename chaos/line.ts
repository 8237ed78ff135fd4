import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server of the loopback that breaks in the ways networks break. */
export interface Line {
  readonly port: number;
  /** How many there are at this moment. */
  readonly connections: number;
  /** Resets every connection. */
  cut(): void;
  /** Connections that are made from now on go to another port. */
  lead(port: number): void;
  /** The next request on any connection arrives; its answer does not, and the connection breaks. */
  loseAnswer(): void;
  /**
   * Half-open: what the connections carry from now on goes nowhere, in both directions, and after so long they break;
   * never, when absent.
   */
  swallow(ms?: number): void;
  /** Everything takes so much longer, for so long. */
  delay(byMs: number, forMs: number): void;
  /** Resets every connection and takes none for so long. */
  refuse(ms: number): Promise<void>;
  close(): Promise<void>;
}

interface Link {
  readonly ends: readonly [outside: Socket, inside: Socket];
  swallows: boolean;
  losesAnswer: boolean;
}

/** One direction of a link. What it carries stays in its order when delays begin and end: no connection changes that. */
interface Way {
  readonly to: Socket;
  readonly waiting: { at: number; chunk: Buffer }[];
}

export async function openLine(to: number): Promise<Line> {
  let target = to;
  const links = new Set<Link>();
  const timers = new Set<NodeJS.Timeout>();
  let losing = false;
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

  function pass(link: Link, way: Way, chunk: Buffer): void {
    if (link.swallows) return;
    way.waiting.push({ at: performance.now() + delayMs, chunk });
    if (way.waiting.length === 1) forward(way);
  }

  function forward(way: Way): void {
    for (let next = way.waiting[0]; next; next = way.waiting[0]) {
      const waitMs = next.at - performance.now();
      if (waitMs > 0) {
        after(Math.ceil(waitMs), () => forward(way));
        return;
      }
      way.waiting.shift();
      if (!way.to.destroyed) way.to.write(next.chunk);
    }
  }

  const server = createServer({ noDelay: true }, (outside) => {
    const inside = connect({ port: target, host: '127.0.0.1', noDelay: true });
    const link: Link = { ends: [outside, inside], swallows: false, losesAnswer: false };
    const inwards: Way = { to: inside, waiting: [] };
    const outwards: Way = { to: outside, waiting: [] };
    links.add(link);
    outside.on('data', (chunk) => {
      if (losing) {
        losing = false;
        link.losesAnswer = true;
      }
      pass(link, inwards, chunk);
    });
    inside.on('data', (chunk) => (link.losesAnswer ? breakOff(link) : pass(link, outwards, chunk)));
    for (const socket of link.ends) {
      socket.on('error', () => {}); // Told by `close`.
      socket.on('close', () => {
        if (!link.swallows && links.has(link)) breakOff(link);
      });
    }
  });
  const listen = (on: number) => once(server.listen(on, '127.0.0.1'), 'listening');
  await listen(0);
  const { port } = server.address() as { port: number };
  const cut = (): void => {
    for (const link of links) breakOff(link);
  };

  return {
    port,
    get connections() {
      return links.size;
    },
    cut,
    lead(other) {
      target = other;
    },
    loseAnswer() {
      losing = true;
    },
    swallow(ms) {
      const swallowing = [...links];
      for (const link of swallowing) link.swallows = true;
      if (ms !== undefined) after(ms, () => swallowing.forEach(breakOff));
    },
    delay(byMs, forMs) {
      delayMs = byMs;
      after(forMs, () => {
        delayMs = 0;
      });
    },
    async refuse(ms) {
      if (!server.listening) return;
      const ended = once(server, 'close');
      server.close();
      cut();
      await ended;
      after(ms, () => {
        if (!closed) server.listen(port, '127.0.0.1');
      });
    },
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      cut();
      if (!server.listening) return;
      const ended = once(server, 'close');
      server.close();
      await ended;
    },
  };
}
