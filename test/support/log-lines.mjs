// node test/support/log-lines.mjs true|false: logs as the service does, alone on its stdout or not.
import { createLogger } from '../../dist/src/logging.js';

const LINES = 5000;
const logger = await createLogger('info', process.argv[2] === 'true');
for (let n = 0; n < LINES; n++) logger.info({ n, filling: 'x'.repeat(n % 300) }, 'line');
logger.flush(() => process.exit(0));
