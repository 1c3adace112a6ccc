import { LINES, VERSION_OF_PUT, grownLine, grownQuantity, patchedLine, patchedQuantity } from './baskets.mjs';
import { fetchBytes } from './processes.mjs';

const SAMPLE = 200;

/** That both answer the same bytes for the same basket. @throws Error */
export async function verifyReads(stage) {
  for (const { user_name, version, json } of sampleOf(await stage.stored('s'))) {
    const path = `/baskets/${user_name}`;
    const service = await fetchBytes(stage.parts.service.port, path);
    const reference = await fetchBytes(stage.parts.readReference.port, path);
    if (!service.body.equals(reference.body) || service.body.toString() !== json)
      throw new Error(`${path} is not the same from the service and the reference.`);
    if (service.headers.etag !== `"${version}"`) throw new Error(`${path} has the entity tag of another version.`);
  }
}

/**
 * That every acknowledged write, of every basket and on both sides, is stored once, and that nothing else is; that the
 * service's quantities are those of the last PATCH and of all POSTs; and that a read shows them.
 *
 * @param {string[]} [sides]
 * @param {string[]} [asked] sides of which the service wrote what was asked, and not the same document again and again
 * @returns {Promise<string>} what was found, in a sentence
 * @throws Error
 */
export async function verifyWrites(stage, sides = ['service', 'reference'], asked = ['service']) {
  let writes = 0;
  let baskets = 0;
  for (const side of sides) {
    const counts = await stage.generator.ask('counts', { side });
    const stored = new Map((await stage.stored(side[0])).map((row) => [row.user_name, row]));
    for (const { name, key, lines, patches, adds } of counts) {
      const { version, events, last, json } = stored.get(name);
      const expected = VERSION_OF_PUT + patches + adds;
      if (version !== expected || events !== expected || last !== expected)
        throw new Error(`${name}: ${patches + adds} writes were acknowledged, ${events - VERSION_OF_PUT} are stored.`);
      if (asked.includes(side)) verifyQuantities(name, JSON.parse(json).items, { key, lines, patches, adds });
      writes += patches + adds;
      baskets++;
    }
  }
  const rows = await stage.stored('s');
  for (const { user_name, json } of sampleOf(rows)) {
    const { body } = await fetchBytes(stage.parts.service.port, `/baskets/${user_name}`);
    if (body.toString() !== json) throw new Error(`A read of ${user_name} does not show its last write.`);
  }
  return `all ${writes} acknowledged writes of ${baskets} baskets are stored, once and as asked; reads answer them`;
}

/** That every add to the hot basket is in it, once. @throws Error */
export async function verifyHot(stage) {
  const [{ adds }] = await stage.generator.ask('counts', { side: 'hot' });
  const [{ version, events, json }] = await stage.stored('h');
  const pieces = JSON.parse(json).items.reduce((sum, { quantity }) => sum + quantity, 0);
  if (version !== VERSION_OF_PUT + adds || events !== version || pieces !== LINES + adds)
    throw new Error(
      `hot basket: ${adds} adds were acknowledged, ${pieces - LINES} pieces and ${events} events are stored.`,
    );
}

function verifyQuantities(name, items, { key, lines, patches, adds }) {
  const patched = items[patchedLine(key, lines)]?.quantity;
  const grown = items[grownLine(key, lines)]?.quantity;
  if (patched !== patchedQuantity(patches)) throw new Error(`${name}: the last PATCH is not what is stored.`);
  // With one line there is none that grows beside the one that is patched.
  if (lines > 1 && grown !== grownQuantity(adds))
    throw new Error(`${name}: ${adds} POSTs are not in the quantity ${grown}.`);
}

const sampleOf = (rows) => Array.from({ length: SAMPLE }, () => rows[Math.floor(Math.random() * rows.length)]);
