// A collector for `--telemetry`: takes what it is sent, answers, and forgets it.
import { createServer } from 'node:http';

createServer((request, response) => {
  // For whoever waits until it answers.
  if (request.url === '/health/ready') return response.end();
  request.resume();
  request.on('end', () => response.end());
}).listen(Number(process.env.PORT), '127.0.0.1');
