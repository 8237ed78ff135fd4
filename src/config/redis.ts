import { z } from 'zod';
import { addressProblem, REDIS_URLS_WANTED } from '../redis/address.ts';
import { isRedisUrl, REDIS_URL_WANTED } from '../redis/url.ts';
import { count } from './values.ts';

/** The address of Redis as users write it: one node, a cluster, or the master that Sentinel names. */

const url = z.string(REDIS_URL_WANTED).refine(isRedisUrl, REDIS_URL_WANTED).meta({ type: 'URL' });

/** A list, or one text with commas, as the environment has it. */
const urls = z
  .union([z.array(url), z.string().transform((text) => text.split(',').map((each) => each.trim()))])
  .pipe(z.array(url).min(1, REDIS_URLS_WANTED))
  .meta({ type: 'list of URLs' });

const text = z.string().min(1);

export const redis = z
  .union([
    url,
    z.strictObject({
      /** Some of the nodes of a Redis Cluster; the others are found. */
      cluster: urls,
      /** By the `host:port` that a node announces, the one by which it is reached from here. */
      natMap: z.record(text, text).optional(),
    }),
    z.strictObject({
      sentinels: urls,
      /** Of the master group. */
      name: text,
      /** The login of the master; that of the Sentinels is in their URLs. */
      username: text.optional(),
      password: text.optional(),
      db: count({ from: 0, to: 1_000_000 }).default(0),
    }),
  ])
  .superRefine((address, context) => {
    const problem = addressProblem(address);
    if (problem) context.addIssue({ code: 'custom', path: [...problem.path], message: problem.message });
  })
  .meta({ type: 'URL or object' });
