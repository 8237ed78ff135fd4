import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { ChannelConfig } from '../config/channel-schema.ts';
import { createCampaignReader, type FindCampaign } from '../jobs/campaign-content.ts';
import { type ChannelQueue, openChannelQueue } from '../jobs/channel-queue.ts';
import type { ReadContext } from '../jobs/read-message.ts';
import { type MessageSchemas, messageSchemasOf, type Platforms } from '../message/schema.ts';
import {
  type AdmissionPolicy,
  type AdmissionSettings,
  admissionPolicy,
  playTtl,
  resolutionOf,
} from '../policies/admission.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { connectOperator } from '../redis/connections.ts';
import type { RedisOption } from '../redis/option.ts';
import { shardOf, storeNames } from '../redis/shards.ts';
import type { Stores } from '../redis/stores.ts';
import { type ChannelFacts, readChannelRegistry, readQuota } from './registry.ts';

/** What an operator works on: a Redis or a cluster, and all channels that are announced there or configured. */
export interface Installation {
  /** Reaches what belongs to no single channel. */
  readonly directory: Redis;
  /** The store of any channel, even of one that is neither announced nor configured. */
  storeOf(channel: string): ChannelStore;
  /** See `Stores`. */
  servers(): Promise<readonly Redis[]>;
  readonly clock: Clock;
  /** Sorted by name. */
  readonly channels: readonly OperatedChannel[];
  close(): Promise<void>;
}

/** A store of a channel: the only one, its home, or one of its shards. */
export interface OperatedStore {
  /** The channel's name. */
  readonly name: string;
  readonly platform: string;
  /** Undefined if the channel is only announced, by workers with another configuration. */
  readonly configured: ChannelConfig | undefined;
  /** Undefined if no worker has served the channel yet. */
  readonly announced: ChannelFacts | undefined;
  readonly store: ChannelStore;
  readonly queue: ChannelQueue;
  /** The store of what exists once per channel: heartbeats, stops and rests. */
  readonly home: ChannelStore;
  /** How the workers read its jobs; undefined if this version does not know the platform. */
  readonly reading: ReadContext | undefined;
  /** Finds the content of campaigns, which their jobs do not repeat. */
  readonly campaigns: FindCampaign;
  readonly playTtlMs: number;
  /** The admission policy at an instant; undefined if neither the announcement nor the configuration has it. */
  readonly policyAround: ((at: number) => AdmissionPolicy) | undefined;
}

/** A channel. As a store it is its only one, or its home. */
export interface OperatedChannel extends OperatedStore {
  /** The only store; or the home and the shards. */
  readonly stores: readonly [OperatedStore, ...OperatedStore[]];
  /** The only store, or the shards: where a message may be of which only the id is known. */
  readonly ofRecipients: readonly OperatedStore[];
  /** The store of a recipient. @param key as the platform's definition gives it */
  of(key: string): OperatedStore;
}

export interface InstallationOptions {
  /** A URL, or an instance, which is duplicated and never closed. */
  redis: RedisOption;
  /** The configured channels; announced ones are added. */
  channels: readonly ChannelConfig[];
}

export interface InstallationParts {
  platforms: Platforms;
  clock: Clock;
}

/** @throws RedisUnreachableError */
export async function openInstallation(
  options: InstallationOptions,
  parts: InstallationParts,
): Promise<Installation> {
  const stores = await connectOperator(options.redis);
  try {
    const installation = await viewInstallation(stores, options.channels, parts);
    return {
      ...installation,
      async close() {
        await installation.close();
        stores.disconnect();
      },
    };
  } catch (error) {
    stores.disconnect();
    throw error;
  }
}

/** Reads the channels as known now, on connections that the caller owns and closes. */
export async function viewInstallation(
  stores: Stores,
  configuredChannels: readonly ChannelConfig[],
  { platforms, clock }: InstallationParts,
): Promise<Installation> {
  const announced = await readChannelRegistry(stores.directory);
  const configured = new Map(configuredChannels.map((channel) => [channel.name, channel]));
  const schemas = messageSchemasOf<Platforms>(platforms);
  const names = [...new Set([...configured.keys(), ...announced.keys()])].sort();
  const opened: ChannelQueue[] = [];
  const openQueue = (store: ChannelStore): ChannelQueue => {
    const queue = openChannelQueue(store);
    opened.push(queue);
    return queue;
  };
  const shared = { stores, platforms, schemas, openQueue };
  return {
    directory: stores.directory,
    storeOf: stores.of,
    servers: stores.servers,
    clock,
    channels: names.map((name) => openChannel(name, configured.get(name), announced.get(name), shared)),
    async close() {
      await Promise.all(opened.map((queue) => queue.close()));
    },
  };
}

interface ChannelParts {
  stores: Stores;
  openQueue(store: ChannelStore): ChannelQueue;
  platforms: Platforms;
  schemas: MessageSchemas<unknown>;
}

function openChannel(
  name: string,
  configured: ChannelConfig | undefined,
  announced: ChannelFacts | undefined,
  parts: ChannelParts,
): OperatedChannel {
  const open = (store: string): OperatedStore => openStore(store, { name, configured, announced }, parts);
  const { shards } = announced ?? configured!;
  const home = open(name);
  const ofRecipients = shards === undefined ? [home] : storeNames(name, shards).map(open);
  const others = shards === undefined ? [] : ofRecipients;
  const of = (key: string): OperatedStore => ofRecipients[shards === undefined ? 0 : shardOf(key, shards)]!;
  return Object.assign(home, { stores: [home, ...others] as const, ofRecipients, of });
}

interface Known {
  name: string;
  configured: ChannelConfig | undefined;
  announced: ChannelFacts | undefined;
}

function openStore(
  storeName: string,
  { name, configured, announced }: Known,
  parts: ChannelParts,
): OperatedStore {
  // The announcement takes precedence: the given configuration may differ from the workers'.
  const facts = announced ?? configured!;
  const store = parts.stores.of(storeName);
  let queue: ChannelQueue | undefined;
  return {
    name,
    platform: facts.platform,
    configured,
    announced,
    store,
    home: parts.stores.of(name),
    campaigns: createCampaignReader(store),
    // Opened on demand: dead letters do not need it, and a dashboard polls often.
    get queue() {
      queue ??= parts.openQueue(store);
      return queue;
    },
    reading: readingOf(name, facts, parts),
    playTtlMs: playTtl(facts.eligibility),
    policyAround: policyOf(announced, configured, parts),
  };
}

function policyOf(
  announced: ChannelFacts | undefined,
  configured: ChannelConfig | undefined,
  { platforms }: ChannelParts,
): OperatedChannel['policyAround'] {
  const settings = announced?.delivery ? settingsOf(announced, announced.delivery) : configured;
  const platform = (announced ?? configured)?.platform ?? '';
  if (!settings || !Object.hasOwn(platforms, platform)) return undefined;
  const resolution = resolutionOf(settings, platforms[platform]!.resolution);
  return (at) => admissionPolicy(settings, resolution, at);
}

function settingsOf(
  facts: ChannelFacts,
  { attempts, ...delivery }: NonNullable<ChannelFacts['delivery']>,
): AdmissionSettings | undefined {
  const quota = readQuota(facts);
  if (quota === undefined) return undefined;
  const { rate, eligibility } = facts;
  return {
    ...delivery,
    quota,
    rate,
    eligibility: eligibility && { ...eligibility, whenUnknown: eligibility.whenUnknown ?? 'send' },
    retry: { attempts },
    shards: facts.shards,
  };
}

function readingOf(
  name: string,
  facts: ChannelFacts | ChannelConfig,
  { platforms, schemas }: ChannelParts,
): ReadContext | undefined {
  const definition = Object.hasOwn(platforms, facts.platform) ? platforms[facts.platform] : undefined;
  if (!definition) return undefined;
  return { channel: { ...facts, name }, definition, schemas };
}

export const findChannel = ({ channels }: Installation, name: string): OperatedChannel | undefined =>
  channels.find((channel) => channel.name === name);

/** All stores of the installation, or of some of its channels. */
export const storesOf = ({ channels }: Installation, names?: readonly string[]): OperatedStore[] =>
  channels.filter(({ name }) => names?.includes(name) ?? true).flatMap(({ stores }) => stores);
