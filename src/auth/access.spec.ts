import fastify from 'fastify';
import { requirePolicies } from './access.js';
import type { Access } from './access.js';

function serverWith(url: string, access?: Access) {
  const server = fastify();
  requirePolicies(server);
  return () => server.route({ method: 'GET', url, handler: () => 'x', ...(access ? { config: { access } } : {}) });
}

describe('A route', () => {
  it.each(['/', '/baskets/:userName', '/analytics/baskets', '/docs2', '/openapi', '/health'])(
    'that does not say who may call it is not served: %s',
    (url) => {
      expect(serverWith(url)).toThrow(`The route GET ${url} does not declare who may call it (auth/access.ts).`);
      // The control: it is the policy that is missing.
      expect(serverWith(url, 'admin')).not.toThrow();
    },
  );

  it.each(['/docs', '/docs/', '/docs/*', '/openapi.json', '/openapi.yaml', '*'])(
    'of the documentation is for everybody: %s',
    (url) => expect(serverWith(url)).not.toThrow(),
  );
});
