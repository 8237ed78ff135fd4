import type { Grant } from '../../src/ledger/types.ts';

/** A first grant without doubt; `fields` as a test wants them otherwise. */
export const grant = (fields: Partial<Grant> = {}): Grant => ({
  kind: 'grant',
  nonce: 'nonce-01',
  run: 1,
  attempt: 1,
  spent: 1,
  waitMs: 0,
  moment: 0,
  leaseMs: 11_500,
  doubt: false,
  born: '1767225600000',
  deadlineAt: 1767225611500,
  doubtAt: 0,
  windowEnd: 1767312000000,
  notBefore: 0,
  keptMs: 0,
  refusalProves: true,
  ...fields,
});
