/** A platform that takes everything at once, in a process of its own: Kongregate's answer to whatever comes. */
import { createServer } from 'node:http';

const ANSWER = '{"success":true}';
const HEADERS = { 'content-type': 'application/json', 'content-length': ANSWER.length };

let [count, first, last] = [0, 0, 0];
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify({ count, ms: last - first }));
    return;
  }
  request.resume().once('end', () => {
    last = performance.now();
    first ||= last;
    count += 1;
    response.writeHead(200, HEADERS).end(ANSWER);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify(server.address())}\n`);
});
