// The bar for reads without a cache: a bare NestJS controller on Fastify that asks PostgreSQL for one basket a request.
import 'reflect-metadata';
import pg from 'pg';
import { serveReads } from './bare-controller.mjs';

const { PORT, DATABASE_URL, POOL_SIZE } = process.env;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE), keepAlive: true });
const statement = {
  name: 'read',
  text: 'SELECT version, basket::text AS json FROM basket_projections WHERE user_name = $1',
};

await serveReads(PORT, async (userName) => (await pool.query({ ...statement, values: [userName] })).rows[0].json);
