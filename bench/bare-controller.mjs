// A NestJS controller on Fastify that answers what it is given, and does nothing else: no CQRS, no checks, no ETag, no
// request ids, no log.
import 'reflect-metadata';
import { Controller, Get, Header, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/** @param {string} port @param {(userName: string) => Promise<string | Buffer>} read */
export async function serveReads(port, read) {
  class ReadController {
    get(userName) {
      return read(userName);
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
  await app.listen(Number(port), '127.0.0.1');
}
