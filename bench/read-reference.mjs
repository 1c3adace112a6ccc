// The bar for cached reads: a bare NestJS controller on Fastify that answers what Redis has under the key, byte for
// byte, through a connection with the service's own options. No CQRS, no checks, no ETag, no request ids, no log.
import 'reflect-metadata';
import { once } from 'node:events';
import { Controller, Get, Header, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { connectRedis } from '../dist/src/basket/persistence/redis.js';

const { PORT, REDIS_URL, KEY_PREFIX } = process.env;

const redis = connectRedis([REDIS_URL]);
await once(redis, 'ready');

class ReadController {
  get(userName) {
    return redis.getBuffer(`${KEY_PREFIX}${userName}`);
  }

  ready() {
    return 'ok';
  }
}

class ReadModule {}

// What the decorators of TypeScript come to.
const decorate = (method, ...decorators) => {
  const descriptor = Object.getOwnPropertyDescriptor(ReadController.prototype, method);
  for (const one of decorators) one(ReadController.prototype, method, descriptor);
};
decorate('get', Get('baskets/:userName'), Header('content-type', 'application/json; charset=utf-8'));
decorate('ready', Get('health/ready'));
Param('userName')(ReadController.prototype, 'get', 0);
Controller()(ReadController);
Module({ controllers: [ReadController] })(ReadModule);

const adapter = new FastifyAdapter({ routerOptions: { maxParamLength: 200 }, skipMiddie: true });
const app = await NestFactory.create(ReadModule, adapter, { logger: false });
await app.listen(Number(PORT), '127.0.0.1');
