// The bar for writes: a bare Fastify handler that runs the service's own statement, one a request, and answers the same
// document. It checks nothing, reads nothing, caches nothing and logs nothing; the versions it writes it has in memory.
import Fastify from 'fastify';
import pg from 'pg';
import { captureWrite } from './captured-write.mjs';

const { PORT, DATABASE_URL, POOL_SIZE, USERS } = process.env;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE), keepAlive: true });
const versions = new Map();
const { rows } = await pool.query(
  'SELECT user_name, version, basket::text AS json FROM basket_projections WHERE user_name LIKE $1',
  [`${USERS}%`],
);
for (const { user_name, version } of rows) versions.set(user_name, version);

const server = Fastify({ routerOptions: { maxParamLength: 200 } });

async function handlerOf(kind) {
  const { name, text, values, document } = await captureWrite(kind, rows[0].json);
  return async (request, reply) => {
    const { userName } = request.params;
    const version = versions.get(userName);
    const { rowCount } = await pool.query({ name, text, values: values.map((fill) => fill(userName, version)) });
    if (rowCount !== 1) return reply.code(500).send();
    versions.set(userName, version + 1);
    return reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('etag', `"${version + 1}"`)
      .send(document(userName, version));
  };
}

server.patch('/baskets/:userName/items/:productId', await handlerOf('patch'));
server.post('/baskets/:userName/items', await handlerOf('add'));
server.get('/health/ready', () => 'ok');
await server.listen({ port: Number(PORT), host: '127.0.0.1' });
