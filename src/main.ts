import { readConfig } from './config.js';

try {
  const config = readConfig(process.env);
  // Without workers nothing of node:cluster is loaded.
  const isWorker = config.WORKERS > 1 && (await import('node:cluster')).default.isWorker;
  if (config.WORKERS > 1 && !isWorker) {
    const { supervise } = await import('./workers/supervise.js');
    await supervise(config);
  } else {
    const { serve } = await import('./serve.js');
    await serve(config, isWorker);
  }
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`${message}${cause instanceof Error ? ` ${cause.message}` : ''}\n`);
  process.exit(1);
}
