// Tells what a product is. It is asked for each piece that is added, and has them all in memory: there is no database
// that could hold the cart back.
import { createServer } from 'node:http';

const NAME = /\/product\/(\S+)$/;

createServer((request, response) => {
  const sku = NAME.exec(request.url)?.[1];
  const product = { sku, name: `Field notebook ${sku?.at(-1)}`, price: 12.5, instock: 100 };
  const body = sku === undefined ? 'ok' : JSON.stringify(product);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}).listen(Number(process.env.PORT), '127.0.0.1');
