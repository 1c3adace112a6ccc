import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { NO_BUS, servedForAll } from '../support/served.js';
import { basketIn } from '../support/api.js';
import { addition, basketOf, dataOf } from '../support/shopping.js';
import { exchange } from '../support/wire.js';

jest.setTimeout(60_000);

describe('exportUserData', () => {
  const service = servedForAll(NO_BUS);

  const read = async (user: string) => {
    const answer = await exchange(service.url, { method: 'GET', target: dataOf(user) });
    expect(answer.status).toBe(200);
    return {
      answer,
      lines: answer.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  };

  it('has every row of the user, oldest first, and ends with how many lines there were', async () => {
    const { api, query } = service;
    const user = `exported-${randomUUID()}`;
    const path = basketOf(user);
    const line = addition();
    await api.post(`${path}/items`, line, { 'idempotency-key': 'first' });
    for (let quantity = 3; quantity < 620; quantity++) await api.patch(`${path}/items/${line.productId}`, { quantity });
    await api.post(`${basketOf(`other-${randomUUID()}`)}/items`, addition());
    const { answer, lines } = await read(user);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/jsonl; charset=utf-8',
      'content-disposition': 'attachment; filename="basket-data.jsonl"',
      'cache-control': 'no-store',
    });
    const kinds = Map.groupBy(lines, ({ type }) => type);
    expect([...kinds.keys()]).toEqual(['user', 'projection', 'event', 'snapshot', 'outbox', 'end']);
    expect(lines.at(-1)).toEqual({ type: 'end', lines: lines.length - 1 });
    const counts = await query(
      `SELECT (SELECT count(*)::integer FROM domain_events WHERE user_name = $1) AS event,
              (SELECT count(*)::integer FROM basket_snapshots WHERE user_name = $1) AS snapshot,
              (SELECT count(*)::integer FROM outbox WHERE user_name = $1) AS outbox`,
      [user],
    );
    for (const [type, count] of Object.entries(counts[0] ?? {})) {
      const versions = kinds.get(type)?.map(({ version }) => version) ?? [];
      expect({ type, count: versions.length }).toEqual({ type, count });
      expect(versions).toEqual(versions.toSorted((one, other) => Number(one) - Number(other)));
    }
    const basket = basketIn(await api.get(path));
    expect(kinds.get('projection')).toMatchObject([{ basket, totalPrice: basket.totalPrice, version: basket.version }]);
    expect(kinds.get('event')?.[1]).toMatchObject({
      ...{ eventType: 'BasketItemAdded', version: 2, basketId: basket.basketId },
      data: { productName: line.productName },
      metadata: { requestId: expect.any(String) as string },
    });
    expect(kinds.get('event')?.[0]).toMatchObject({
      commandId: 'first',
      metadata: { fingerprint: expect.anything() as string },
    });
  });

  it('has what is left when the basket is deleted', async () => {
    const user = `left-${randomUUID()}`;
    await service.api.post(`${basketOf(user)}/items`, addition());
    await service.api.delete(basketOf(user));
    const { lines } = await read(user);
    expect(lines.filter(({ type }) => type === 'event')).toHaveLength(3);
    expect(lines[1]).toMatchObject({ type: 'projection', status: 'deleted', basket: null });
  });

  it('waits for its reader, and is cut off without its last line when the user is erased meanwhile', async () => {
    const user = `slow-${randomUUID()}`;
    await service.api.post(`${basketOf(user)}/items`, addition());
    // More than the sockets between them take.
    await service.query(
      `INSERT INTO domain_events (user_name, version, event_id, basket_id, event_type, event_data, metadata, occurred_at)
       SELECT user_name, 2 + n, gen_random_uuid(), basket_id, event_type,
              event_data || jsonb_build_object('filling', repeat('x', 10000)), metadata, occurred_at
       FROM domain_events, generate_series(1, 2998) AS n WHERE user_name = $1 AND version = 2`,
      [user],
    );
    await service.query('UPDATE basket_projections SET version = 3000 WHERE user_name = $1', [user]);
    const whole = await exchange(service.url, { method: 'GET', target: dataOf(user) });
    expect(whole.text.trimEnd().split('\n').at(-1)).toBe('{"type":"end","lines":3004}');

    const response = await fetch(`${service.url}${dataOf(user)}`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? '';
    await setTimeout(300);
    expect((await service.api.delete(dataOf(user))).status).toBe(204);
    const readOn = async () => {
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) text += part.value;
    };
    await expect(readOn()).rejects.toThrow();
    expect(text).not.toContain('"type":"end"');
    expect(text.length).toBeLessThan(whole.text.length);
  });

  it('answers HEAD with headers', async () => {
    const user = `head-${randomUUID()}`;
    await service.api.post(`${basketOf(user)}/items`, addition());
    const { status, headers, text } = await exchange(service.url, { method: 'HEAD', target: dataOf(user) });
    expect({ status, type: headers['content-type'], text }).toEqual({
      status: 200,
      type: 'application/jsonl; charset=utf-8',
      text: '',
    });
  });
});
