import { connect } from 'node:net';

/** A process that is busy itself reads an answer late: this is for a listener that says nothing. */
const PROBE_TIMEOUT_MS = 2_000;

/**
 * Whether the Redis on this loopback port is the process `pid` and takes commands. The process is compared because,
 * after a race for a port, somebody else's Redis would answer as well.
 */
export function answersAs(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1', timeout: PROBE_TIMEOUT_MS });
    const end = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.on('connect', () => socket.write('INFO server\r\nPING\r\n'));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (/\n-LOADING|^-/.test(answer)) end(false);
      else if (answer.endsWith('+PONG\r\n')) end(answer.includes(`process_id:${pid}\r\n`));
    });
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}
