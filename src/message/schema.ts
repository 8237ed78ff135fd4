import { createHash } from 'node:crypto';
import { z } from 'zod';
import { quotable } from '../disclosure.ts';
import { oncePer } from '../once-per.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import { isInstant } from '../time.ts';
import { check } from './check.ts';
import {
  type CommonFields,
  commonFields,
  INSTANT_FIELDS,
  type InstantField,
  MESSAGE_VERSION,
} from './fields.ts';
import { type Problem, problemText } from './problems.ts';

/**
 * The message: one zod schema, built from the registry of platforms, is the source of the TypeScript type, of the check
 * on both sides of the queue, and of the published JSON Schema.
 */

/** How long after its enqueue a message without `expiresAt` expires. Milliseconds. */
export const DEFAULT_LIFE_MS = 7 * 24 * 60 * 60 * 1000;

export type Platforms = Readonly<Record<string, PlatformDefinition>>;

/** A parsed message of any platform in the registry: the common fields and those of its platform. */
export type MessageOf<P extends Platforms> = {
  [K in keyof P & string]: CommonFields & { platform: K } & (P[K] extends PlatformDefinition<infer M, infer _>
      ? M
      : never);
}[keyof P & string];

/** The input of a producer: a message without the version, which Herald adds; instants may be Dates. */
export type InputOf<P extends Platforms> = Given<MessageOf<P>>;

type Given<M> = M extends CommonFields
  ? Omit<M, 'v' | 'campaign' | InstantField> & { [K in keyof Pick<M, InstantField>]: M[K] | Date }
  : never;

/** A message of any platform, for code that is independent of platforms. */
export type AnyMessage = CommonFields & { platform: string; to: unknown };

export type ParsedInput<M> = { kind: 'message'; message: M } | { kind: 'invalid'; problems: Problem[] };

/** `problems` are texts such as `to.userId: expected a positive integer, got "x"`; they never repeat the content. */
export type ParsedJob<M> =
  | { kind: 'message'; id: string; message: M; expiresAtMs: number; sendAtMs: number | undefined }
  | { kind: 'newer'; v: number }
  | { kind: 'invalid'; problems: string[]; id?: string };

export interface MessageSchemas<M> {
  /** The wire contract, `{ v: 1, … }`. */
  readonly wire: z.ZodType<M>;
  /** Validates a message from application code. Never throws. */
  parseInput(input: unknown): ParsedInput<M>;
  /**
   * Validates the data of a queued job. Never throws, whatever the data are.
   * @param jobTimestamp when the job was added, milliseconds since the epoch: the default expiry counts from it
   * @param jobId the id of a message without one is derived from it
   */
  parseJob(data: unknown, jobTimestamp: number, jobId: string): ParsedJob<M>;
}

const schemasOf = oncePer(createMessageSchemas);

/** Shared by all producers and workers of a registry. */
export const messageSchemasOf = <P extends Platforms>(platforms: P): MessageSchemas<MessageOf<P>> =>
  schemasOf(platforms) as unknown as MessageSchemas<MessageOf<P>>;

function createMessageSchemas(platforms: Platforms): MessageSchemas<MessageOf<Platforms>> {
  type M = MessageOf<Platforms>;
  const wire = wireSchema(platforms) as unknown as z.ZodType<M>;
  // With an error map of the parse, zod interprets the schema in twice the time; compiled it takes a twentieth, and what fails
  // is still parsed with the map. Compiling takes some 20 ms, which a process that checks no message need not spend.
  let compiled: z.ZodType<M> | undefined;
  const compiledWire = (): z.ZodType<M> => {
    compiled ??= z.compile(wire);
    return compiled;
  };

  function read(data: unknown, prepare = (given: unknown): unknown => given): ParsedInput<M> {
    try {
      const checked = check(compiledWire(), prepare(data));
      if ('problems' in checked) return { kind: 'invalid', problems: checked.problems };
      const late = badTimes(checked.data);
      return late ? { kind: 'invalid', problems: [late] } : { kind: 'message', message: checked.data };
    } catch {
      // A getter or proxy that throws: only possible for objects of this process, but must not stop a producer.
      return { kind: 'invalid', problems: [{ path: '', message: 'could not be read' }] };
    }
  }

  return {
    wire,
    parseInput(input) {
      const parsed = read(input, toWire);
      if (parsed.kind === 'invalid' || parsed.message.campaign === undefined) return parsed;
      return { kind: 'invalid', problems: [{ path: 'campaign', message: NOT_AN_INPUT }] };
    },
    parseJob(data, jobTimestamp, jobId) {
      const v = versionOf(data);
      if (v !== undefined && v > MESSAGE_VERSION) return { kind: 'newer', v };
      const checked = read(data);
      if (checked.kind === 'message') return timed(checked.message, jobTimestamp, jobId);
      const problems = checked.problems.map(problemText);
      const id = idOf(data);
      return id === undefined ? { kind: 'invalid', problems } : { kind: 'invalid', problems, id };
    },
  };
}

const NOT_AN_INPUT = 'is not a field of a message that is sent: only a campaign makes its messages';

/**
 * The id of a message without one, derived from the job's id and timestamp, which are stable across redeliveries. The
 * timestamp is included because a foreign producer may reuse job ids, which the ledger would take for duplicates.
 */
export function idFromJob(jobId: string, jobTimestamp: number): string {
  const digest = createHash('sha256').update(`${jobTimestamp}:${jobId}`).digest('base64url');
  return `job_${digest.slice(0, 22)}`;
}

function wireSchema(platforms: Platforms): z.ZodType {
  const options = Object.entries(platforms).map(([name, { messageShape }]) =>
    z.strictObject({ ...commonFields, platform: quotable(z.literal(name)), ...messageShape }),
  );
  const [first, ...rest] = options;
  if (!first) throw new Error('Expected at least one platform');
  return z.discriminatedUnion('platform', [first, ...rest]);
}

function badTimes({ sendAt, expiresAt }: CommonFields): Problem | undefined {
  if (sendAt === undefined || expiresAt === undefined || Date.parse(expiresAt) > Date.parse(sendAt)) return;
  return { path: 'expiresAt', message: 'must be later than sendAt' };
}

function timed<M extends CommonFields>(message: M, jobTimestamp: number, jobId: string): ParsedJob<M> {
  if (!(jobTimestamp > 0 && isInstant(jobTimestamp)))
    return { kind: 'invalid', problems: ['timestamp: the job has no valid one'] };
  const { id, sendAt, expiresAt } = message;
  return {
    kind: 'message',
    id: id ?? idFromJob(jobId, jobTimestamp),
    message,
    expiresAtMs: expiresAt === undefined ? jobTimestamp + DEFAULT_LIFE_MS : Date.parse(expiresAt),
    sendAtMs: sendAt === undefined ? undefined : Date.parse(sendAt),
  };
}

/** Converts a producer's input to the wire format: adds the version, and formats Dates as text. */
function toWire(input: unknown): unknown {
  if (!isRecord(input)) return input;
  const message: Record<string, unknown> = { v: MESSAGE_VERSION, ...input };
  for (const field of INSTANT_FIELDS) {
    const value = message[field];
    if (value instanceof Date && !Number.isNaN(value.getTime())) message[field] = value.toISOString();
  }
  return message;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function versionOf(data: unknown): number | undefined {
  if (!isRecord(data) || !Object.hasOwn(data, 'v')) return undefined;
  const v = data['v'];
  return Number.isSafeInteger(v) ? (v as number) : undefined;
}

/** The id of an otherwise invalid message, so that its dead letter can be found by it. */
function idOf(data: unknown): string | undefined {
  if (!isRecord(data) || !Object.hasOwn(data, 'id')) return undefined;
  const id = commonFields.id.safeParse(data['id']);
  return id.success ? id.data : undefined;
}
