import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import type { Topology } from './topology.ts';

/**
 * Connects a plain ioredis client to the current master of one hash slot: each reconnect finds it anew. Everything else works as with
 * one node: states, events, pipelines, blocking commands, duplicates.
 */
export function slotConnector(topology: Topology, slot: number): NonNullable<RedisOptions['Connector']> {
  return class SlotConnector extends AbstractConnector {
    private readonly options: RedisOptions;

    constructor(options: unknown) {
      const own = options as RedisOptions;
      super(own.disconnectTimeout as number);
      this.options = own;
    }

    async connect(): ReturnType<AbstractConnector['connect']> {
      this.connecting = true;
      // ioredis gives up for good if this rejects, and reconnects after a socket that closed with an error.
      const stream = await this.open().catch((error: Error) => {
        this.firstError = error;
        return new Socket().destroy();
      });
      if (this.connecting) return stream;
      stream.destroy();
      throw new Error('Connection is closed.');
    }

    private async open(): Promise<Socket> {
      const { host, port } = await topology.masterOf(slot);
      // So that errors name the node.
      Object.assign(this.options, { host, port });
      const { tls, family } = this.options;
      const where = { host, port, ...(family !== undefined && { family }) };
      const stream = tls ? connectTls({ ...where, ...tls }) : connectTcp(where);
      this.stream = stream;
      stream.once('error', (error: Error) => {
        this.firstError = error;
      });
      return stream;
    }

    /** A replica, or a master that was demoted, is refused: the topology is asked again. */
    override check({ role }: { role?: string }): boolean {
      return role !== 'slave';
    }
  };
}
