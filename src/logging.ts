import { Logger as NestLogger, PinoLogger } from 'nestjs-pino';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { requestContext, traceIdOf } from './request-context.js';

/**
 * One JSON object a line; in a terminal, text. Lines written while a request is served carry its id and its trace's.
 *
 * @param isShared whether other processes write to the same stdout
 */
export async function createLogger(level: string, isShared = false): Promise<Logger> {
  const options = { level, mixin: about, base: { pid: process.pid } };
  if (process.stdout.isTTY) {
    const { default: pretty } = await import('pino-pretty');
    return pino(options, pretty({ sync: true, ignore: 'pid', singleLine: true }));
  }
  return pino(options, bufferedStdout(isShared ? SHARED : ALONE));
}

const ALONE = { minLength: 60_000, maxWrite: 65_536 };
/** Of what one write to a pipe holds no more than this (PIPE_BUF of Linux) nothing of another process gets in between. */
const SHARED = { minLength: 4000, maxWrite: 4096 };

/**
 * A write a line would cost each request more than its own work; what is buffered leaves five times a second. As buffers, because
 * sonic-boom (4.2) measures all the text that waits anew with each line that joins it.
 */
function bufferedStdout(sizes: typeof ALONE): DestinationStream {
  const stdout = pino.destination({ ...sizes, sync: false, periodicFlush: 200, contentMode: 'buffer' });
  const write = stdout.write.bind(stdout) as unknown as (line: Buffer) => boolean;
  stdout.write = (line) => write(Buffer.from(line));
  return stdout;
}

/** The ids by which the lines of a request are found, and its trace from them; not the actor: a subject is personal data. */
function about(): object {
  const { requestId, traceparent } = requestContext.getStore() ?? {};
  return traceparent === undefined ? { requestId } : { requestId, traceId: traceIdOf(traceparent) };
}

/** What Nest tells of each module and route while it starts. */
const STARTUP_CONTEXTS = new Set<unknown>([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Nest's logger, over pino. */
export class AppLogger extends NestLogger {
  constructor(logger: Logger) {
    const params = { pinoHttp: { logger } };
    super(new PinoLogger(params), params);
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (STARTUP_CONTEXTS.has(rest.at(-1))) this.verbose(message, ...rest);
    else super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    // Why the service did not start is told by main.ts, in a sentence.
    if (rest.at(-1) === 'ExceptionHandler') this.debug(message, ...rest);
    else super.error(message, ...rest);
  }
}
