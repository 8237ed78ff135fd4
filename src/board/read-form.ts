import type { AppContext } from '../http/listen.ts';
import { BODY_MS, readBody } from '../http/read-body.ts';
import { Refused } from './errors.ts';

const LONGEST_FORM = 64 * 1024;

/** The fields of a submitted form, the first of each name; empty if absent. @throws Refused */
export async function readForm(c: AppContext): Promise<(name: string) => string> {
  const body = await readBody(c.env.incoming, LONGEST_FORM);
  if (body.kind === 'whole') {
    const fields = new URLSearchParams(body.bytes.toString('utf8'));
    return (name) => fields.get(name) ?? '';
  }
  // The unread rest would be in the way of another request on the connection.
  c.header('connection', 'close');
  if (body.kind === 'too_large') throw new Refused(413, 'This form is too large.');
  if (body.kind === 'late') throw new Refused(408, `This form did not arrive within ${BODY_MS / 1000} s.`);
  throw new Refused(400, 'The connection ended within this form.');
}
