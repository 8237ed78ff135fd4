import { z } from 'zod';
import { SCOPES } from './scopes.ts';

/** A token as Redis keeps it, JSON by id. Instants in milliseconds since the epoch. */
const recordSchema = z.object({
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  channels: z.array(z.string()).optional(),
  createdAt: z.number(),
  expiresAt: z.number().optional(),
  /** The newest first; the one before it is valid too until the next rotation, or until it is dropped. */
  secrets: z.array(z.object({ sha256: z.string(), createdAt: z.number() })).max(2),
});

export type TokenRecord = z.output<typeof recordSchema>;

/** @throws TypeError that names the field, for what `readRecord` would not read */
export function checkRecord(record: unknown): TokenRecord {
  const { data, error } = recordSchema.safeParse(record);
  if (data) return data;
  const [issue] = error.issues;
  throw new TypeError(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** @returns undefined for a record that this version cannot read: such a token is not valid */
export function readRecord(text: string | null | undefined): TokenRecord | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
