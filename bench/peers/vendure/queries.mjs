// What a shop's page shows of a cart, and no more; the alias makes all answers alike.
const CART =
  'fragment Cart on Order { __typename code state totalQuantity totalWithTax lines { id quantity unitPriceWithTax linePriceWithTax productVariant { id name sku } } }';
const RESULT = '{ ...Cart ... on ErrorResult { __typename errorCode message } }';

export const QUERIES = {
  products: '{ products { items { variants { id } } } }',
  read: `{ order: activeOrder { ...Cart } } ${CART}`,
  patch: `mutation ($line: ID!, $quantity: Int!) { order: adjustOrderLine(orderLineId: $line, quantity: $quantity) ${RESULT} } ${CART}`,
  add: `mutation ($variant: ID!) { order: addItemToOrder(productVariantId: $variant, quantity: 1) ${RESULT} } ${CART}`,
};
