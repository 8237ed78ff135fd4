import type { Dispatcher } from 'undici';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { RenderableMessage } from '../content/content.ts';
import type { Dialect } from '../content/render.ts';
import { fieldsMarked } from '../disclosure.ts';
import type { Outcome } from '../outcome.ts';

export { ContentError, type RenderableMessage } from '../content/content.ts';

/**
 * What Herald needs of a platform: a definition (pure: the shape of its messages and of its channels, rendering,
 * limits) and a client made from a channel's settings (the wire). A platform is a folder and one line in the registry.
 */

/** The recipient of a message. `key` names them in the ledger: same person, same key, within one addressing. */
export interface Recipient {
  /** How the person is named: a quota channel accepts one kind, or one person would get two slots. */
  addressing: string;
  key: string;
}

/**
 * What can be learned about a send whose answer was lost (rule 6 of the ledger).
 * `confirm`: the platform can be asked. `presume`: the same message may be sent again within its window, and a quota
 * refusal then proves the first one arrived. `keep`: nothing can be learned.
 */
export type Resolution = 'confirm' | 'presume' | 'keep';

export interface SendRequest<M = unknown> {
  message: M;
  /** The rendered body, in the platform's dialect. */
  content: string;
  /** 1 for the first request of a run. */
  attempt: number;
  /** The message's name within its channel. */
  id: string;
  /**
   * Stable for one message record: 32 hexadecimal characters, the hash of channel, id and the record's time. A function, since most
   * platforms have no use for it.
   */
  idempotencyKey(): string;
  /** Aborts the request at the grant's deadline or at shutdown. */
  signal: AbortSignal;
}

export interface ConfirmRequest<M = unknown> extends SendRequest<M> {
  /** The earliest moment at which the doubtful attempt can have left, milliseconds since the epoch. */
  attemptedAt: number;
}

/** A message of the channel's own account on the platform with the same text as the one in doubt. */
export interface Candidate {
  platformMessageId: string;
  /** When the platform accepted it, by Herald's clock as well as can be known: milliseconds since the epoch. */
  at: number;
}

/** What became of a doubtful send. `not_found` is proof only after the deadline and the quiet period. */
export type Answer =
  | { kind: 'found'; platformMessageId?: string | undefined }
  | { kind: 'not_found' }
  /** Proves nothing: the platform is asked again later, after `restMs` if it asked for a pause. Milliseconds. */
  | { kind: 'unsure'; detail: string; restMs?: number | undefined }
  /** The platform will never tell this account: the doubt stays, and the platform is not asked again. */
  | { kind: 'unavailable'; detail: string };

/** `candidates`: one of these may be it; the ledger knows which of them belong to other messages. */
export type Confirmation = Answer | { kind: 'candidates'; messages: readonly Candidate[] };

/** What an operator should know about the channel's own account, and what to do. */
export interface AccountFinding {
  /** `warning`: messages are sent anyway. */
  level: 'warning' | 'failed';
  /** One sentence, without its full stop. */
  text: string;
}

/** A message of the platform with this `messageShape`, as the platform's client gets it. */
export type MessageFrom<Shape extends z.ZodRawShape> = RenderableMessage & z.output<z.ZodObject<Shape>>;

/** The settings of a channel of the platform with this `channelShape`. */
export type SettingsFrom<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

export interface PlatformClient<M = unknown> {
  /** Never throws for what a platform or a network does: every end of a request is an outcome. */
  send(request: SendRequest<M>): Promise<Outcome>;
  /** Present when the definition's resolution is `confirm`. */
  confirm?(request: ConfirmRequest<M>): Promise<Confirmation>;
  /** Checks the channel's own account, at a worker's start and for `doctor`; sends nothing to anybody. Never throws. */
  examine?(signal: AbortSignal): Promise<AccountFinding[]>;
  close(): Promise<void>;
}

export interface ClientDeps {
  /** Passed in by tests and for proxies; otherwise the client makes a keep-alive pool and closes it. */
  dispatcher?: Dispatcher | undefined;
  /** For dates in Retry-After. The system's when absent. */
  clock?: Clock | undefined;
  /** Called with what could not be done for a message after its delivery was reported. */
  warn?: ((detail: string) => void) | undefined;
}

/** The settings that every client gets besides the platform's own. Milliseconds. */
export interface CommonChannelSettings {
  baseUrl: string;
  timeoutMs: number;
  concurrency: number;
  /** False if a request whose answer is lost cannot be resolved: then no connection is used twice. */
  keepAlive?: boolean | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds definitions of different message and settings types
export interface PlatformDefinition<M = any, S = any> {
  readonly name: string;
  /** zod fields of a message besides the common ones: `to` and the platform's own. */
  readonly messageShape: z.ZodRawShape;
  /** zod fields of a channel besides the common ones: credentials, baseUrl … */
  readonly channelShape: z.ZodRawShape;
  /** The settings that hold secrets: resolved only by commands that send, never logged. */
  readonly secrets: readonly string[];
  /** Other settings that a refusal of the credentials may be about: a worker with other values ends the stop. */
  readonly sender?: readonly string[];
  /** The settings that rendering uses, limits and defaults: workers announce them, so that producers know them. */
  readonly announced?: readonly string[];
  /** What applies unless the configuration says otherwise: the eligibility check, the quota, a rate. */
  readonly defaults: { eligibility: boolean; quota: boolean; rate?: { max: number; perMs: number } };
  readonly resolution: Resolution;
  /** `confirm` answers candidates: then each delivery claims its message on the platform, so that none counts twice. */
  readonly claims?: true;
  /** The account that a channel speaks for: two channels of one account would give a player two messages a day. */
  account(settings: S): string;
  recipient(message: M): Recipient;
  /**
   * The setting that allows one person to be named in several ways, so that no quota can be kept, and why; undefined if none does.
   */
  unquotable?(settings: S): { field: string; message: string } | undefined;
  /** How many requests the delivery of a message makes, for the channel's rate: 1 when absent, at most 2. */
  requests?(message: M): 1 | 2;
  /** How the platform writes Markdown, to show people what any content becomes there. */
  readonly dialect?: Dialect;
  /**
   * Pure. Throws ContentError for a missing value, a refused syntax or a body past the platform's limit.
   * @param settings the channel's, where it is known; limits and permissions are the platform's own otherwise
   */
  render(message: M, settings?: Partial<S>): string;
  /** Throws what `render` throws, in less time: for producers, which need no text. They call `render` when absent. */
  check?(message: M, settings?: Partial<S>): void;
  connect(settings: S & CommonChannelSettings, deps: ClientDeps): PlatformClient<M>;
}

/** Defines a platform: the types of its messages and settings follow from its shapes, and its secrets from the marks in them. */
export function definePlatform<Message extends z.ZodRawShape, Channel extends z.ZodRawShape>(
  definition: Omit<
    PlatformDefinition<MessageFrom<Message>, SettingsFrom<Channel>>,
    'messageShape' | 'channelShape' | 'secrets'
  > & { readonly messageShape: Message; readonly channelShape: Channel },
): PlatformDefinition<MessageFrom<Message>, SettingsFrom<Channel>> {
  return { ...definition, secrets: fieldsMarked(definition.channelShape, 'secret') };
}
