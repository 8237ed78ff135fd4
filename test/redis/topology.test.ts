import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Address, createTopology } from '../../src/redis/topology.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed))));
});

interface Node extends Address {
  asked: number;
  /** Of all slots, as it answers. */
  nodes: Address[];
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const slotsReply = (nodes: readonly Address[]): string =>
  `*1\r\n*${2 + nodes.length}\r\n:0\r\n:16383\r\n` +
  nodes.map(({ host, port }) => `*2\r\n${bulk(host)}:${port}\r\n`).join('');

/** A node that answers the questions of a topology, and nothing else. */
async function startNode(): Promise<Node> {
  const node: Node = { host: '127.0.0.1', port: 0, asked: 0, nodes: [] };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const command of data.toString().split(/(?=\*\d+\r\n\$)/)) {
        if (/\r\nSLOTS\r\n/i.test(command)) {
          node.asked += 1;
          socket.write(slotsReply(node.nodes));
        } else socket.write(/\r\nINFO\r\n$/i.test(command) ? bulk('cluster_state:ok') : '+OK\r\n');
      }
    });
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return Object.assign(node, { port: (server.address() as AddressInfo).port });
}

it('asks no node that has left the cluster: its address may be of another one by now', async () => {
  const [seed, gone] = [await startNode(), await startNode()];
  seed.nodes = [seed, gone];
  gone.nodes = [seed, gone];
  const topology = createTopology({ seeds: [seed], login: {}, clock: systemClock });
  const look = async () => {
    topology.forget();
    return await topology.masterOf(0);
  };
  for (let i = 0; i < 3; i++) expect(await look()).toMatchObject({ port: seed.port });
  expect(gone.asked).toBeGreaterThan(0);
  seed.nodes = [seed];
  gone.nodes = [seed];
  // Either of them tells that one has left.
  for (let i = 0; i < 2; i++) await look();
  const before = gone.asked;
  gone.nodes = [gone];
  for (let i = 0; i < 3; i++) expect(await look()).toMatchObject({ port: seed.port });
  expect(gone.asked).toBe(before);
});
