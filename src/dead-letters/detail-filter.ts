/** Tells dead letters apart by the error text that killed them, whatever addresses, ids and numbers it names. */

/**
 * An e-mail address, a UUID or other long hexadecimal id with a digit in it, a number that is called an id, or one of more than
 * three digits: no HTTP status.
 */
const DIFFERING = /[^\s@"'<>]+@[^\s@"'<>]+|\b(?=[a-f-]*\d)[\da-f]{8}[\da-f-]*\b|(?<=\bid:? )\d+|\d{4,}/gi;

/** What an error text has in common with others of its cause: `…` in place of what differs, and on one line. */
export const inCommon = (detail: string): string =>
  detail.replace(DIFFERING, '…').replace(/\s+/g, ' ').trim();

/** @param wanted an error text as a letter has it, or as it is in common */
export function hasDetail(wanted: string): (detail: string) => boolean {
  const common = new Set([wanted, inCommon(wanted)]);
  return (detail) => common.has(inCommon(detail));
}
