import { pino } from 'pino';
import { AppLogger, createLogger } from './logging.js';
import { requestContext } from './request-context.js';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly requestId?: string;
}

/** What a logger of ours writes, instead of to stdout. */
function linesOf(logger: pino.Logger): Line[] {
  const lines: Line[] = [];
  const stream = (logger as unknown as Record<symbol, { write: (line: string) => boolean }>)[pino.symbols.streamSym];
  if (!stream) throw new Error('pino keeps its stream elsewhere.');
  stream.write = (line) => lines.push(JSON.parse(line) as Line) > 0;
  return lines;
}

const { trace, debug, info, error } = pino.levels.values as Record<'trace' | 'debug' | 'info' | 'error', number>;

describe('A line of the log', () => {
  it('carries the id of the request that it was written for, and no other', async () => {
    const logger = await createLogger('info');
    const lines = linesOf(logger);
    logger.info('before');
    await Promise.all(
      ['r-1', 'r-2'].map((requestId) =>
        requestContext.run({ requestId }, async () => {
          await Promise.resolve();
          logger.info(`in ${requestId}`);
        }),
      ),
    );
    logger.info('after');
    expect(lines.map(({ msg, requestId }) => [msg, requestId])).toEqual([
      ['before', undefined],
      ['in r-1', 'r-1'],
      ['in r-2', 'r-2'],
      ['after', undefined],
    ]);
  });

  it('carries the id of the trace that the request is part of', async () => {
    const logger = await createLogger('info');
    const lines = linesOf(logger);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    requestContext.run({ requestId: 'r-1', traceparent }, () => logger.info('text'));
    expect(lines).toEqual([expect.objectContaining({ requestId: 'r-1', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' })]);
    expect(JSON.stringify(lines)).not.toContain('traceparent');
  });

  it('names the process', async () => {
    const logger = await createLogger('info');
    const lines = linesOf(logger);
    logger.info('text');
    expect(lines).toEqual([expect.objectContaining({ pid: process.pid, level: info, msg: 'text' })]);
  });

  it.each(['silent', 'error'])('is not written below the level %s', async (level) => {
    const logger = await createLogger(level);
    const lines = linesOf(logger);
    logger.warn('text');
    expect(lines).toEqual([]);
  });
});

describe("Nest's own lines", () => {
  const lines: Line[] = [];
  // One for all tests: nestjs-pino keeps the first logger that it was given.
  const logger = new AppLogger(
    pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) }),
  );

  const written = (...args: [string, ...unknown[]]) => writtenBy(() => logger.log(...args));
  const writtenBy = (write: () => void) => {
    lines.length = 0;
    write();
    return lines.map(({ level, msg }) => [level, msg]);
  };

  it.each(['InstanceLoader', 'NestFactory', 'RouterExplorer', 'RoutesResolver'])(
    'of %s, one a module or route, are for tracing only',
    (context) => expect(written('text', context)).toEqual([[trace, 'text']]),
  );

  it('of anything else are information', () => {
    expect(written('text', 'main')).toEqual([[info, 'text']]);
    expect(written('RouterExplorer')).toEqual([[info, 'RouterExplorer']]);
  });

  it('of a start that failed are for debugging, as main.ts tells of it; other errors are errors', () => {
    expect(writtenBy(() => logger.error('text', 'stack', 'ExceptionHandler'))).toEqual([[debug, 'text']]);
    expect(writtenBy(() => logger.error('text', 'stack', 'main'))).toEqual([[error, 'text']]);
    expect(writtenBy(() => logger.error(new Error('text')))).toEqual([[error, 'text']]);
  });
});
