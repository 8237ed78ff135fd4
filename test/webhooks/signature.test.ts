import { expect, it } from 'vitest';
import { signatureHeaders } from '../../src/webhooks/signature.ts';

// The example of the reference implementation's own tests.
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SIGNED = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1614265330,
  body: '{"test": 2432232314}',
};
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

it('signs as the standard does', () => {
  expect(signatureHeaders(SIGNED, [SECRET])).toEqual([
    'webhook-id',
    SIGNED.id,
    'webhook-timestamp',
    '1614265330',
    'webhook-signature',
    SIGNATURE,
  ]);
});

it('signs with both secrets while one is replaced', () => {
  const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const signatures = signatureHeaders(SIGNED, [other, SECRET]).at(-1)!.split(' ');
  expect(signatures).toHaveLength(2);
  expect(signatures[1]).toBe(SIGNATURE);
  expect(signatures[0]).not.toBe(SIGNATURE);
});
