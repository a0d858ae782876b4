// Tools in the shopper's words: while one runs, when it is done, when it failed,
// and when it waits for a yes.

const known = {
  get_order_details: ['Looking up the order', 'Looked up the order', 'The order could not be looked up'],
  list_my_orders: ['Looking through your orders', 'Looked through your orders', 'Your orders could not be looked up'],
  search_products: ['Searching the shop', 'Searched the shop', 'The search did not work'],
  return_delivered_order_items: ['Requesting the return', 'Return requested', 'The return could not be requested', 'The return waits for your yes'],
};

// toolWords says how things stand with a tool: as is "running", "done", "failed",
// "asking" or "asked".
export function toolWords(name, as) {
  const plain = name.replaceAll(/[_.-]+/g, ' ').trim();
  const [running, done, failed, asking] = known[name] ?? [`Working on it: ${plain}`, `Done: ${plain}`, `This did not work: ${plain}`];
  switch (as) {
    case 'done': return done;
    case 'failed': return failed;
    case 'asking': return asking ?? `This waits for your yes: ${plain}`;
    case 'asked': return 'Asked you first';
    default: return `${running} …`;
  }
}
