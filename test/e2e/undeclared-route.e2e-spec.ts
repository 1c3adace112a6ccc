import { Controller, Get, Module } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { BasketModule } from '../../src/basket/basket.module.js';
import { createTestDatabase, testConfig } from '../support/database.js';

@Controller('forgotten')
class ForgottenController {
  @Get()
  get() {
    return 'everything';
  }
}

@Controller('declared')
class DeclaredController {
  @Get()
  @RouteConfig({ access: 'admin' })
  get() {
    return 'everything';
  }
}

@Module({ controllers: [ForgottenController] })
class ForgottenModule {}

@Module({ controllers: [DeclaredController] })
class DeclaredModule {}

/** Starts a service that has one module more. */
async function startWith(module: object): Promise<void> {
  const database = await createTestDatabase();
  const imports = Reflect.getMetadata('imports', BasketModule) as object[];
  Reflect.defineMetadata('imports', [...imports, module], BasketModule);
  try {
    const app = await createApp(testConfig(database), database.open);
    try {
      await app.init();
    } finally {
      await app.close();
    }
  } finally {
    Reflect.defineMetadata('imports', imports, BasketModule);
    await database.drop();
  }
}

describe('A service with a route that does not say who may call it', () => {
  it('does not start', async () => {
    await expect(startWith(ForgottenModule)).rejects.toThrow(
      'The route GET /forgotten does not declare who may call it (auth/access.ts).',
    );
  });

  it('starts when it says so', async () => {
    await startWith(DeclaredModule);
  });
});
