import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import type { Parts } from './app.module.js';
import { requirePolicies } from './auth/access.js';
import { createGate } from './auth/create-gate.js';
import type { Config } from './config.js';
import { createDataSource } from './database/data-source.js';
import { parseJsonBodies } from './http/body-parser.js';
import { allowOrigins } from './http/cors.js';
import { clientErrorHandler, handleOddities } from './http/framework-errors.js';
import { keepDeclared } from './http/declared.js';
import { addHooks } from './http/hooks.js';
import { Lifecycle } from './http/lifecycle.js';
import { createDocument } from './http/openapi.js';
import { ProblemFilter } from './http/problem.filter.js';
import { requestIdOf } from './http/request-id.js';
import { RequestRecords } from './http/request-records.js';
import { addSecurityHeaders } from './http/security-headers.js';
import { Load } from './limits/load.js';
import { AppLogger, createLogger } from './logging.js';
import { Operations } from './telemetry/operations.js';

/** Longer than any name of 128 characters, percent-encoded. */
const MAX_PATH_PARAMETER = 128 * 4 * 3;

/**
 * The service, wired and connected, not yet listening.
 *
 * @param openDataSource another database than the one that the configuration names
 * @throws Error when the database cannot be reached or lacks migrations
 */
export async function createApp(
  config: Config,
  openDataSource: Parts['createDataSource'] = createDataSource,
): Promise<NestFastifyApplication> {
  const logger = await createLogger(config.LOG_LEVEL, config.WORKERS > 1);
  const operations = new Operations();
  const records = new RequestRecords(logger, operations);
  const filter = new ProblemFilter(config);
  const refuse = clientErrorHandler(config.PROBLEM_TYPE_BASE);
  const adapter = new FastifyAdapter({
    bodyLimit: config.MAX_BODY_BYTES,
    genReqId: requestIdOf,
    trustProxy: config.TRUST_PROXY ?? false,
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: MAX_PATH_PARAMETER },
    // Requests that come on open connections while the service stops are served; `close` ends idle connections.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestTimeout: 8_500,
    http: { headersTimeout: 5000, connectionsCheckingInterval: 1000, requireHostHeader: false },
    clientErrorHandler: refuse,
    // The router refuses these before any hook runs.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      filter.send(error, request, reply);
      records.record(request, reply);
    },
    skipMiddie: true,
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot({ config, logger, operations, createDataSource: openDataSource }),
    adapter,
    { logger: new AppLogger(logger), bodyParser: false, abortOnError: false },
  );
  const server = adapter.getInstance();
  handleOddities(server.server, refuse);
  parseJsonBodies(server);
  requirePolicies(server);
  keepDeclared(server);
  addHooks(server, records, app.get(Lifecycle));
  addSecurityHeaders(server);
  if (config.CORS_ORIGINS) await allowOrigins(server, config.CORS_ORIGINS);
  new Load(config, (reply, error) => filter.send(error, reply.request, reply)).guard(server);
  (await createGate(config)).guard(server);
  app.useGlobalFilters(filter);
  SwaggerModule.setup('docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Basket API',
  });
  return app;
}
