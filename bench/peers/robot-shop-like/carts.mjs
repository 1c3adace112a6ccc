import { Baskets, LINES, grownLine, patchedLine, patchedQuantity, productId, request } from '../../baskets.mjs';

/** The same work as `Baskets`, in the words of a cart like robot-shop's, where everything is a GET. */
export class RobotShopCarts extends Baskets {
  filled = new Uint8Array(this.names.length);

  /** Each cart is filled line by line; no cart has two requests under way, as all others come in between. */
  take(kind) {
    if (kind !== 'put') return super.take(kind);
    return this.next < this.names.length * LINES ? this.next++ % this.names.length : undefined;
  }

  request(kind, key) {
    const name = this.names[key];
    switch (kind) {
      case 'put':
        return request('GET', `/add/${name}/${productId(this.filled[key]++)}/1`);
      case 'read':
        return request('GET', `/cart/${name}`);
      case 'patch':
        return request(
          'GET',
          `/update/${name}/${productId(patchedLine(key))}/${patchedQuantity(this.patches[key] + 1)}`,
        );
      case 'add':
        return request('GET', `/add/${name}/${productId(grownLine(key))}/1`);
    }
  }
}
