// Brings the sandbox of the demo onto the worker's own loopback: a platform's key is sent without TLS to this machine only,
// and the workers of the demo are in containers of their own. Loaded into them by `node --import`.
import { connect, createServer } from 'node:net';

const PORT = 8090;

const relay = createServer((near) => {
  const far = connect(PORT, 'sandbox');
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy()).on('close', () => far.destroy());
  far.on('error', () => near.destroy()).on('close', () => near.destroy());
});
relay.listen(PORT, '127.0.0.1').unref();
