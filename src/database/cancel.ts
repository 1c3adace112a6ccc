import pg from 'pg';
import type { Connection, PoolClient } from 'pg';
import type { ConnectionOptions } from 'node:tls';

/** A server that does not answer is left alone. */
const TIMEOUT_MS = 1000;

/** What pg knows of a connection and its types do not tell. */
interface Session {
  readonly host: string;
  readonly port: number;
  readonly ssl: boolean | ConnectionOptions;
  readonly processID: number | null;
  readonly secretKey: number | Buffer | null;
}

type CancelConnection = Connection & {
  readonly stream: { destroy(): void };
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number | Buffer): void;
};

/**
 * Asks the server to end what it does for this connection: a request of its own on another connection, as the protocol has it
 * ("Canceling Requests in Progress"), which poolers pass on too. Whether it came in time is never told.
 */
export function cancelStatement(client: PoolClient): void {
  const { host, port, ssl, processID, secretKey } = client as unknown as Session;
  if (processID === null || secretKey === null) return;
  const connection = new pg.Connection({ ssl }) as unknown as CancelConnection;
  const end = () => connection.stream.destroy();
  const timer = setTimeout(end, TIMEOUT_MS).unref();
  const send = () => connection.cancel(processID, secretKey);
  connection.on('error', end);
  if (ssl) connection.on('connect', () => connection.requestSsl());
  connection.on(ssl ? 'sslconnect' : 'connect', send);
  connection.on('end', () => clearTimeout(timer));
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
  else connection.connect(port, host);
}
