import { readdirSync, readFileSync } from 'node:fs';
import { commentsOf, type FindComment } from './field-comments.ts';

/** The comments in the sources that hold a schema. */

const ROOT = new URL('../../src/', import.meta.url);

const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Of the configuration; a part with a file of its own is a constant of its name there, without what encloses it. */
export function configComments(): FindComment {
  const comment = commentsOf(
    read('config/schema.ts'),
    read('config/channel-schema.ts'),
    read('config/api.ts'),
    read('config/board.ts'),
  );
  return (path) => comment(path) ?? comment(path.slice(path.indexOf('.') + 1));
}

export const webhookComments = (): FindComment => commentsOf(read('config/webhooks.ts'));

const BY_PLATFORM: Readonly<Record<string, string>> = {
  platform: 'The platform to send on; it decides the shape of `to` and which further fields there are.',
  to: 'Whom the message goes to: one recipient on a channel with a quota.',
};

/** The fields of every message. Two of them are made of the registry, and have no line to comment. */
export function messageComments(): FindComment {
  const comment = commentsOf(read('message/fields.ts'));
  return (path) => BY_PLATFORM[path] ?? comment(path);
}

/** Those of every file in a platform's folder. */
export function platformComments(platform: string): FindComment {
  const folder = `platforms/${platform}/`;
  return commentsOf(...readdirSync(new URL(folder, ROOT)).map((file) => read(`${folder}${file}`)));
}

/** What is said of a field of a message: by its platform, else by what all messages have in common. */
export const describeField = (platform: string, field: string): string | undefined =>
  platformComments(platform)(`messageShape.${field}`) ?? messageComments()(field);
